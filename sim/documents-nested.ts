import type { JsonObject } from '../src/core/json.ts'

const retry = { maxAttempts: 3, initialInterval: '20ms', maxInterval: '100ms' }
const undo = { agent: 'writer', action: 'undo' }

/** Workflows whose agents call others: conversations with models, graphs, and one that never ends by itself. */
export const nested: readonly JsonObject[] = [
  workflow('asks', {
    a: { ...call('clerk'), with: { topic: 'frogs' } },
    b: { ...call('payer'), needs: ['a'], with: { from: '${ steps.a.output.value }' } },
  }),
  workflow('asks-model', {
    a: {
      agent: 'llm',
      action: 'complete',
      with: { prompt: 'How much?' },
      fallback: call('reader'),
    },
    b: { ...call('talker'), with: { topic: 'newts' }, continueOnFailure: true },
  }),
  workflow(
    'asks-within',
    {
      each: { ...call('clerk'), forEach: '[1, 2]', compensate: undo, fallback: call('reader') },
      talk: { ...call('talker'), needs: ['each'], timeout: '900ms' },
      down: { ...call('failer'), needs: ['talk'] },
    },
    { budget: { tokens: 900 }, onFailure: 'compensate' },
  ),
  workflow(
    'asks-until-it-is-spent',
    {
      each: {
        ...call('clerk'),
        forEach: '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]',
        maxParallel: 1,
        continueOnFailure: true,
      },
    },
    { budget: { tokens: 185 } },
  ),
  workflow('asks-together', {
    vote: {
      pattern: 'consensus',
      agents: ['clerk', 'talker', 'reader'],
      action: 'do',
      options: { strategy: 'weighted', tieBreak: 'order' },
      fallback: call('reader'),
    },
  }),
  workflow('draws', {
    graph: { graph: 'note', with: { topic: 'frogs' }, retry },
    b: { ...call('reader'), needs: ['graph'] },
  }),
  workflow(
    'draws-again',
    {
      a: { ...call('writer'), compensate: undo },
      graph: { graph: 'note', forEach: '[1, 2]', needs: ['a'], compensate: undo },
      c: { ...call('failer'), needs: ['graph'] },
    },
    { onFailure: 'rollback', rollback: { to: 'a' } },
  ),
]

/** One that costs much for what it shows: it is asked for seldom. */
export const recursing: JsonObject = workflow('recurses', {
  a: { ...call('recurser'), continueOnFailure: true },
})

function workflow(name: string, steps: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, version: '1.0.0', retry, steps, ...more }
}

function call(agent: string): JsonObject {
  return { agent, action: 'do' }
}
