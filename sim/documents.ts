import { invariant } from '../src/core/assert.ts'
import type { JsonObject } from '../src/core/json.ts'
import { type Random, seededRandom } from '../src/core/random.ts'
import type { WorkflowDocument } from '../src/workflow/document/document.ts'
import { coordinated } from './documents-coordinated.ts'
import { nested, recursing } from './documents-nested.ts'
import { operated, subWorkflows, triggered } from './documents-operated.ts'
import { readDocumentData } from '../src/workflow/document/read.ts'

const retry = { maxAttempts: 3, initialInterval: '20ms', maxInterval: '100ms' }

/** Steps that together use everything the kernel can do. */
const handmade: readonly JsonObject[] = [
  workflow('chain', {
    a: call('reader'),
    b: { ...call('writer'), needs: ['a'], with: { from: '${ steps.a.output.value }' } },
    c: { ...call('payer'), needs: ['b'], with: { from: '${ steps.b.output.value }' } },
    d: { ...call('reader'), needs: ['c'], with: { from: '${ steps.c.output.value }' } },
  }),
  workflow(
    'saga',
    {
      a: { ...call('writer'), compensate: call('writer', 'undo') },
      b: { ...call('payer'), needs: ['a'], compensate: call('payer', 'undo') },
      c: {
        ...call('writer'),
        needs: ['b'],
        compensate: { ...call('writer', 'undo'), with: { was: '${ call.output }' } },
      },
      d: { ...call('failer'), needs: ['c'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow(
    'saga-wide',
    {
      a: {
        ...call('writer'),
        forEach: '[1, 2, 3, 4]',
        maxParallel: 2,
        compensate: call('writer', 'undo'),
      },
      b: { ...call('payer'), compensate: call('payer', 'undo') },
      c: { ...call('blind'), compensate: call('writer', 'undo') },
      d: { ...call('failer'), needs: ['a', 'b'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow('fan', {
    list: {
      ...call('reader'),
      outputs: { items: '${ [output.value, output.value + 1, output.value + 2] }' },
    },
    each: {
      ...call('writer'),
      needs: ['list'],
      forEach: 'steps.list.output.items',
      maxParallel: 2,
      with: { item: '${ item }', index: '${ index }' },
    },
    sum: { ...call('reader'), needs: ['each'], with: { count: '${ size(steps.each.output) }' } },
  }),
  workflow('fan-fails', {
    each: {
      ...call('failer'),
      forEach: '[1, 2, 3, 4, 5]',
      maxParallel: 3,
      continueOnFailure: true,
    },
    none: { ...call('reader'), forEach: '[]' },
    after: {
      ...call('reader'),
      needs: ['each', 'none'],
      with: { status: '${ steps.each.status }' },
    },
  }),
  workflow('waits', {
    ask: { waitFor: { signal: 'go' } },
    late: { waitFor: { signal: 'never', timeout: '300ms', onTimeout: 'continue' } },
    b: { ...call('reader'), needs: ['ask', 'late'], with: { answer: '${ steps.ask.output }' } },
    nap: { sleep: '250ms', needs: ['b'] },
  }),
  workflow('wait-fails', {
    ask: { waitFor: { signal: 'never', timeout: '150ms' } },
    b: { ...call('reader'), needs: ['ask'] },
  }),
  workflow('suspends', { ask: call('asker'), b: { ...call('reader'), needs: ['ask'] } }),
  workflow(
    'polls',
    {
      poll: {
        ...call('reader', 'poll'),
        repeat: { until: 'output.value >= 4', maxTimes: 8, delay: '30ms' },
        compensate: call('writer', 'undo'),
      },
      stuck: {
        ...call('reader', 'poll'),
        needs: ['poll'],
        repeat: { until: 'false', maxTimes: 2, delay: '10ms' },
      },
    },
    { onFailure: 'compensate' },
  ),
  workflow('falls-back', {
    a: {
      ...call('failer'),
      fallback: [call('failer'), { ...call('writer'), with: { instead: true } }],
    },
    b: { ...call('blind'), needs: ['a'], fallback: call('reader') },
  }),
  workflow('skips', {
    a: call('reader'),
    b: { ...call('reader'), needs: ['a'], when: 'false' },
    c: { ...call('reader'), needs: ['b'] },
    d: { ...call('reader'), needs: ['b'], whenSkipped: 'run' },
    e: { ...call('reader'), needs: ['c', 'd'] },
    bad: {
      ...call('reader'),
      needs: ['a'],
      when: 'steps.a.output.missing > 1',
      continueOnFailure: true,
    },
  }),
  workflow(
    'times-out',
    { a: call('writer'), slow: { sleep: '10s', needs: ['a'] } },
    { timeout: '700ms', onFailure: 'compensate' },
  ),
  workflow(
    'times-out-calls',
    {
      a: { ...call('payer'), compensate: call('payer', 'undo') },
      b: { ...call('hanger'), needs: ['a'], timeout: '5s' },
    },
    { timeout: '400ms', onFailure: 'compensate' },
  ),
  workflow(
    'spends',
    {
      a: { ...call('reader'), forEach: '[1, 2, 3, 4, 5, 6]', maxParallel: 3 },
      b: { ...call('reader'), needs: ['a'] },
    },
    { budget: { agentCalls: 5 } },
  ),
  workflow(
    'thinks',
    {
      a: { ...call('model'), forEach: '[1, 2, 3, 4]', maxParallel: 3, timeout: '60ms' },
      b: { ...call('banker'), needs: ['a'], compensate: call('writer', 'undo') },
      c: { ...call('model'), needs: ['b'], fallback: call('reader') },
    },
    { budget: { tokens: 42 } },
  ),
  workflow(
    'thinks-together',
    {
      a: { ...call('model'), forEach: '[1, 2, 3, 4]' },
      b: { ...call('banker'), needs: ['a'], continueOnFailure: true },
    },
    { metadata: { tenant: 'acme' } },
  ),
  workflow(
    'thinks-below',
    {
      a: { ...call('banker') },
      b: { workflow: { name: 'thinker' } },
      c: { workflow: { name: 'thinker' } },
    },
    { budget: { tokens: 35 } },
  ),
  workflow('sick', {
    a: { ...call('sick'), continueOnFailure: true },
    b: { ...call('sick'), fallback: call('reader') },
    c: { ...call('sick'), needs: ['a'], forEach: '[0, 1, 2]', continueOnFailure: true },
    d: { ...call('sick'), needs: ['c'], continueOnFailure: true },
  }),
  workflow('slots', {
    a: { ...call('slotted'), forEach: '[1, 2, 3, 4, 5]', concurrency: { key: 'k', max: 4 } },
    b: {
      ...call('slotted'),
      forEach: '[1, 2, 3]',
      concurrency: { key: 'k', max: 4, onFull: 'skip' },
    },
    c: {
      ...call('slotted'),
      continueOnFailure: true,
      concurrency: { key: '${ "k" }', max: 4, onFull: 'fail' },
    },
    d: { ...call('slotted'), concurrency: { key: 'k', max: 4, onFull: 'skip' } },
    e: { ...call('reader'), needs: ['d'] },
  }),
  workflow('blind', {
    a: call('blind'),
    b: { ...call('blind'), needs: ['a'] },
    c: { ...call('blind'), needs: ['b'] },
  }),
  workflow('hangs', {
    a: { ...call('hanger'), timeout: '80ms' },
    b: { ...call('reader'), needs: ['a'] },
  }),
  workflow('poisoned', {
    a: call('reader'),
    b: { ...call('poison'), needs: ['a'], continueOnFailure: true },
    c: { ...call('reader'), needs: ['b'] },
  }),
  workflow(
    'outputs-break',
    {
      a: {
        ...call('writer'),
        outputs: { x: '${ output.missing }' },
        compensate: call('writer', 'undo'),
      },
    },
    { onFailure: 'compensate' },
  ),
]

/** The documents that clients start: the handmade ones, then random graphs. The same for every seed. */
export function simulationDocuments(): readonly WorkflowDocument[] {
  const random = seededRandom(4_711)
  const generated = Array.from({ length: 24 }, (_, number) =>
    randomWorkflow(`random-${number}`, random),
  )
  // What is operated, and what budgets and slots guard, comes twice as often: it has the most ways to go wrong.
  const guarded = handmade.filter(({ name }) => name === 'thinks' || name === 'slots')
  return [
    ...handmade,
    ...guarded,
    ...coordinated,
    ...nested,
    ...nested,
    recursing,
    ...operated,
    ...operated,
    ...generated,
  ].map(documentOf)
}

/** Documents that the file knows from the beginning on: sub-workflows, and such as events start. */
export function registeredDocuments(): readonly WorkflowDocument[] {
  return [...subWorkflows, ...triggered].map(documentOf)
}

const adaptation = {
  patterns: ['pipeline', 'fanOut'],
  maxParallel: 3,
  agents: ['reader'],
  approval: true,
  pause: true,
}

function documentOf(data: JsonObject): WorkflowDocument {
  const { document, problems } = readDocumentData({ ...data, adaptation })
  invariant(
    document !== null,
    `document ${JSON.stringify(data['name'])}: ${JSON.stringify(problems[0])}`,
  )
  return document
}

function randomWorkflow(name: string, random: Random): JsonObject {
  const count = 4 + Math.floor(random() * 6)
  const steps: Record<string, JsonObject> = {}
  const agents = ['reader', 'writer', 'payer', 'blind', 'reader', 'writer']
  for (let number = 0; number < count; number++) {
    const needs = Array.from({ length: number }, (_, other) => `s${other}`).filter(
      () => random() < 0.35,
    )
    const agent = agents[Math.floor(random() * agents.length)] as string
    steps[`s${number}`] = {
      needs,
      ...call(agent),
      ...(random() < 0.2
        ? { forEach: '[10, 20, 30]', maxParallel: 1 + Math.floor(random() * 3) }
        : {}),
      ...(random() < 0.3 ? { compensate: call('writer', 'undo') } : {}),
      ...(random() < 0.15 ? { fallback: call('reader') } : {}),
      ...(random() < 0.2 ? { continueOnFailure: true } : {}),
      ...(needs.length > 0 && random() < 0.1
        ? { when: `steps.${needs[0]}.status == "completed"` }
        : {}),
    }
  }
  return workflow(name, steps, { onFailure: random() < 0.6 ? 'compensate' : 'keep' })
}

function workflow(name: string, steps: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, version: '1.0.0', retry, steps, ...more }
}

function call(agent: string, action = 'do'): JsonObject {
  return { agent, action }
}
