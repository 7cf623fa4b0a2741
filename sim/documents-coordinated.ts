import type { JsonObject } from '../src/core/json.ts'

const retry = { maxAttempts: 3, initialInterval: '20ms', maxInterval: '100ms' }
const undo = { agent: 'writer', action: 'undo' }
const shakyUndo = { agent: 'undoer', action: 'undo' }
const weighted = { strategy: 'weighted', tieBreak: 'order' }

/** Workflows whose steps call agents by patterns. */
export const coordinated: readonly JsonObject[] = [
  workflow('votes', {
    vote: { ...consensus('reader', 'writer', 'payer', 'blind'), options: weighted },
    next: { ...call('reader'), needs: ['vote'], with: { choice: '${ steps.vote.output.choice }' } },
  }),
  workflow('votes-odd', {
    vote: {
      ...consensus('reader', 'liar', 'mute'),
      options: { ...weighted, choices: [0, 1] },
    },
    strict: {
      ...consensus('writer', 'liar'),
      options: { ...weighted, choices: [0, 1], invalid: 'fail' },
      continueOnFailure: true,
    },
    none: { ...consensus('mute', 'failer'), continueOnFailure: true },
    next: {
      ...call('reader'),
      needs: ['vote', 'strict', 'none'],
      with: { why: '${ steps.none.error.code }' },
    },
  }),
  workflow('votes-late', {
    vote: {
      ...consensus('reader', 'hanger', 'writer'),
      options: { ...weighted, deadline: '150ms' },
      compensate: shakyUndo,
    },
    once: {
      ...consensus('payer', 'blind', 'hanger'),
      options: { strategy: 'quorum', quorum: 1, deadline: '200ms' },
      continueOnFailure: true,
    },
    next: { ...call('writer'), needs: ['vote', 'once'], compensate: undo },
  }),
  workflow('votes-simpler', {
    vote: {
      ...consensus('reader', 'failer', 'payer'),
      options: { strategy: 'unanimous', quorum: 3 },
      fallback: [
        { ...fanOut('failer', 'payer', 'writer'), options: { strategy: 'quorum', quorum: 3 } },
        call('failer'),
      ],
    },
    next: { ...call('reader'), needs: ['vote'] },
  }),
  workflow('votes-often', {
    vote: {
      ...consensus('reader', 'writer'),
      options: weighted,
      repeat: { until: 'output.choice == 1', maxTimes: 4, delay: '20ms' },
      compensate: undo,
      continueOnFailure: true,
    },
  }),
  workflow(
    'line-undone',
    {
      line: {
        ...pipeline('writer', 'payer', 'reader'),
        options: { joints: [{ map: { from: '${ output.value }' } }] },
        compensate: shakyUndo,
      },
      down: { ...call('failer'), needs: ['line'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow(
    'line-goes-back',
    {
      a: { ...call('writer'), compensate: undo, checkpoint: 'begun' },
      line: { ...pipeline('payer', 'failer', 'writer'), needs: ['a'], compensate: undo },
    },
    { onFailure: 'rollback', rollback: { to: 'a' } },
  ),
  workflow('line-fails', {
    line: {
      ...pipeline('payer', 'blind', 'failer', 'writer'),
      fallback: { ...pipeline('payer', 'failer'), with: { instead: true } },
    },
    other: { ...call('reader'), needs: ['line'] },
  }),
  workflow('each-first', {
    each: {
      ...fanOut('payer', 'blind', 'writer'),
      options: { strategy: 'first' },
      forEach: '[1, 2, 3]',
      maxParallel: 2,
      compensate: undo,
    },
    fan: { ...fanOut('reader', 'asker', 'failer'), options: { failuresMax: 1 } },
    end: { ...call('reader'), needs: ['each', 'fan'] },
  }),
  workflow(
    'teams',
    {
      team: {
        pattern: 'hierarchical',
        agents: ['lead', 'writer', 'payer', 'failer'],
        action: 'do',
        options: { roundsMax: 2 },
        compensate: undo,
      },
      nested: {
        pattern: 'hierarchical',
        agents: ['lead', 'second', 'reader'],
        action: 'do',
        options: { teams: { second: ['writer', 'blind'] } },
        continueOnFailure: true,
      },
      down: { ...call('failer'), needs: ['team', 'nested'] },
    },
    { onFailure: 'compensate' },
  ),
  workflow(
    'votes-within',
    { vote: { ...consensus('reader', 'writer', 'payer'), options: weighted, forEach: '[1, 2]' } },
    { budget: { agentCalls: 5 }, timeout: '2s' },
  ),
]

function workflow(name: string, steps: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, version: '1.0.0', retry, steps, ...more }
}

function call(agent: string): JsonObject {
  return { agent, action: 'do' }
}

function consensus(...agents: readonly string[]): JsonObject {
  return { pattern: 'consensus', agents, action: 'do' }
}

function fanOut(...agents: readonly string[]): JsonObject {
  return { pattern: 'fanOut', agents, action: 'do' }
}

function pipeline(...agents: readonly string[]): JsonObject {
  return { pattern: 'pipeline', agents, action: 'do' }
}
