import type { JsonObject } from '../src/core/json.ts'

const retry = { maxAttempts: 3, initialInterval: '20ms', maxInterval: '100ms' }
const undo = { agent: 'writer', action: 'undo' }
/** What fails now and then, for good. */
const shakyUndo = { agent: 'undoer', action: 'undo' }

/** Workflows that others call; they are registered before anything runs. */
export const subWorkflows: readonly JsonObject[] = [
  workflow('thinker', { a: call('model'), b: { ...call('banker'), needs: ['a'] } }),
  workflow('kid', {
    a: { ...call('writer'), compensate: undo },
    b: { ...call('payer'), needs: ['a'], compensate: undo },
  }),
  workflow(
    'kid-fails',
    {
      a: { ...call('writer'), compensate: undo },
      b: { ...call('failer'), needs: ['a'] },
    },
    { onFailure: 'keep' },
  ),
  workflow('kid-sleeps', {
    a: { ...call('writer'), compensate: shakyUndo },
    nap: { sleep: '12s', needs: ['a'] },
  }),
  workflow('kid-waits', {
    a: call('counter'),
    ask: { waitFor: { signal: 'go' }, needs: ['a'] },
  }),
  workflow('kid-nests', {
    a: { ...call('writer'), compensate: undo },
    inner: { ...calls('kid'), needs: ['a'] },
  }),
  workflow('kid-nests-failing', {
    a: { ...call('writer'), compensate: undo },
    inner: { ...calls('kid-fails'), needs: ['a'], retry: { maxAttempts: 2 } },
  }),
]

const stateful: readonly JsonObject[] = [
  workflow(
    'counts',
    {
      a: call('counter'),
      b: { ...call('counter'), needs: ['a'], checkpoint: 'counted' },
      c: { ...call('reader'), needs: ['b'], with: { seen: '${ state.?count.orValue(0) }' } },
      d: { ...call('failer'), needs: ['c'] },
    },
    { onFailure: 'rollback', rollback: { to: 'lastCheckpoint', maxRollbacks: 2 } },
  ),
  workflow('counts-wide', {
    each: { ...call('counter'), forEach: '[1, 2, 3, 4, 5]', maxParallel: 3 },
    cas: { ...call('swapper'), forEach: '[1, 2, 3]', continueOnFailure: true },
    sum: {
      ...call('reader'),
      needs: ['each'],
      with: { seen: '${ state.?count.orValue(0) }' },
    },
    more: { ...call('counter'), needs: ['sum'] },
  }),
  workflow(
    'scribbles',
    {
      a: call('scribe'),
      b: { ...call('scribe'), needs: ['a'], compensate: undo },
      c: { ...call('swapper'), needs: ['a'], continueOnFailure: true },
      d: { ...call('scribe'), needs: ['b', 'c'], checkpoint: 'written' },
      e: { ...call('failer'), needs: ['d'] },
    },
    { onFailure: 'rollback', rollback: { to: 'start', maxRollbacks: 1 } },
  ),
]

const goingBack: readonly JsonObject[] = [
  workflow('keeps', {
    a: { ...call('writer'), compensate: undo, checkpoint: 'begun' },
    b: { ...call('counter'), needs: ['a'] },
    c: { ...call('failer'), needs: ['b'] },
    d: { ...call('reader'), needs: ['c'] },
  }),
  workflow(
    'undo-fails',
    {
      a: { ...call('writer'), compensate: shakyUndo },
      b: { ...call('payer'), needs: ['a'], compensate: shakyUndo },
      c: { ...call('writer'), needs: ['a'], forEach: '[1, 2]', compensate: shakyUndo },
      d: { ...call('failer'), needs: ['b', 'c'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow(
    'back-to-healthy',
    {
      a: { ...call('writer'), compensate: undo },
      b: { ...call('counter'), needs: ['a'] },
      c: { ...call('writer'), needs: ['b'], compensate: undo },
      d: { ...call('failer'), needs: ['c'] },
    },
    {
      onFailure: 'rollback',
      rollback: { to: 'lastHealthy' },
      checkpoints: { onAnomalySeverity: 0.8 },
    },
  ),
  workflow(
    'back-with-effects',
    {
      a: call('payer'),
      b: { ...call('blind'), needs: ['a'], compensate: undo },
      c: { ...call('failer'), needs: ['b'] },
    },
    { onFailure: 'rollback', rollback: { to: 'a' }, checkpoints: { onAnomalySeverity: 0.5 } },
  ),
  workflow('back-while-waiting', {
    a: { ...call('writer'), compensate: shakyUndo },
    ask: { waitFor: { signal: 'go' }, needs: ['a'] },
    b: { ...call('asker'), needs: ['a'] },
    c: { ...call('counter'), needs: ['ask', 'b'] },
    d: { ...call('hanger'), needs: ['c'], timeout: '90ms', continueOnFailure: true },
  }),
  workflow('sleeps-long', {
    a: call('counter'),
    nap: { sleep: '15s', needs: ['a'] },
    late: { waitFor: { signal: 'never', timeout: '20s', onTimeout: 'continue' }, needs: ['a'] },
    b: { ...call('writer'), needs: ['nap', 'late'], compensate: undo },
  }),
]

const families: readonly JsonObject[] = [
  workflow('parent', {
    a: call('counter'),
    kid: {
      workflow: { name: 'kid', version: '1', input: { from: '${ steps.a.output.value }' } },
      needs: ['a'],
    },
    b: { ...call('reader'), needs: ['kid'] },
  }),
  workflow(
    'parent-undoes',
    {
      a: { ...call('writer'), compensate: undo },
      kid: { ...calls('kid-nests'), needs: ['a'] },
      own: { ...calls('kid'), needs: ['a'], compensate: undo },
      c: { ...call('failer'), needs: ['kid'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow(
    'parent-goes-back',
    {
      a: { ...call('writer'), compensate: undo },
      kid: { ...calls('kid'), needs: ['a'] },
      c: { ...call('failer'), needs: ['kid'] },
    },
    { onFailure: 'rollback', rollback: { to: 'a' } },
  ),
  workflow('parent-each', {
    each: {
      ...calls('kid-fails'),
      forEach: '[1, 2]',
      maxParallel: 2,
      retry: { maxAttempts: 3, initialInterval: '20ms' },
    },
    b: { ...call('reader'), needs: ['each'] },
  }),
  workflow(
    'parent-spends',
    {
      each: { ...calls('kid'), forEach: '[1, 2]', maxParallel: 2 },
      b: { ...call('reader'), needs: ['each'] },
    },
    { budget: { agentCalls: 5 } },
  ),
  workflow(
    'parent-spends-little',
    { each: { ...calls('kid'), forEach: '[1, 2, 3]', maxParallel: 3, continueOnFailure: true } },
    { budget: { agentCalls: 1 } },
  ),
  workflow('parent-times-out', {
    kid: { ...calls('kid-sleeps'), timeout: '150ms', continueOnFailure: true },
    b: { ...call('reader'), needs: ['kid'] },
  }),
  workflow('parent-falls-back', {
    a: { ...call('failer'), fallback: { workflow: { name: 'kid-waits', version: '1' } } },
    nested: { ...calls('kid-nests-failing'), needs: ['a'], continueOnFailure: true },
  }),
  workflow('parent-sleeps', { a: call('reader'), kid: { ...calls('kid-sleeps'), needs: ['a'] } }),
]

/** Workflows that events start. */
export const triggered: readonly JsonObject[] = [
  workflow('fires', { a: call('reader'), b: { ...call('counter'), needs: ['a'] } }, trigger()),
  workflow('fires-parent', { kid: calls('kid') }, trigger('event.data.n > 1')),
]

/** Documents for what is operated: state, going back, sub-workflows. */
export const operated: readonly JsonObject[] = [...stateful, ...goingBack, ...families]

function trigger(when?: string): JsonObject {
  const input = { event: '${ event.source + event.id }' }
  const one = { event: 'sim.happened', input, ...(when === undefined ? {} : { when }) }
  return { triggers: [one] }
}

function workflow(name: string, steps: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, version: '1.0.0', retry, steps, ...more }
}

function call(agent: string, action = 'do'): JsonObject {
  return { agent, action }
}

function calls(name: string): JsonObject {
  return { workflow: { name, version: '1' } }
}
