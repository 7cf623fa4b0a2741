import { expect, test } from 'vitest'
import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { fold } from './fold.ts'
import { idempotencyKey } from './keys.ts'
import { type CallState, type ExecutionState, findCall, newExecution } from './state.ts'

const undo = { compensate: { agent: 'a', action: 'undo' } }
const { document } = readDocumentData({
  name: 'keys',
  version: '1.0.0',
  onFailure: 'compensate',
  steps: {
    one: { agent: 'a', action: 'do', fallback: { agent: 'b', action: 'do' }, ...undo },
    each: { agent: 'a', action: 'do', forEach: '[1, 2]', repeat: { until: 'false' }, ...undo },
  },
})

test('a key names execution, step and run; an item, a fallback, a poll and a compensation add to it', () => {
  const state = started()
  fold(state, { kind: 'StepScheduled', step: 'one', call: {} }, 1)
  expect(idempotencyKey(state, callOf(state, 'one'))).toBe('inc-1/one/1')
  const error = { code: 'AgentError', message: '', retryable: false, hint: null, details: null }
  fold(state, { kind: 'FallbackScheduled', step: 'one', fallback: 1, call: {}, error }, 2)
  expect(idempotencyKey(state, callOf(state, 'one'))).toBe('inc-1/one/1/f1')

  fold(state, { kind: 'StepScheduled', step: 'each', items: [1, 2] }, 3)
  fold(state, { kind: 'CallScheduled', step: 'each', index: 0, call: {} }, 3)
  fold(state, { kind: 'CallScheduled', step: 'each', index: 1, call: {} }, 3)
  fold(state, { kind: 'PollCompleted', step: 'each', index: 1, output: null, dueAtMs: 4 }, 3)
  expect(idempotencyKey(state, callOf(state, 'each', 0))).toBe('inc-1/each[0]/1')
  expect(idempotencyKey(state, callOf(state, 'each', 1))).toBe('inc-1/each[1]/1/p2')

  fold(state, { kind: 'CallCompleted', step: 'one', output: null }, 5)
  fold(state, { kind: 'CompensationStarted' }, 6)
  fold(state, { kind: 'CompensationScheduled', step: 'each', index: 1, undo: 0, call: {} }, 6)
  fold(state, { kind: 'CompensationScheduled', step: 'one', undo: 1, call: {} }, 7)
  expect(idempotencyKey(state, callOf(state, 'each', 1, 0))).toBe('inc-1/each[1]/1/compensate')
  expect(idempotencyKey(state, callOf(state, 'one', null, 1))).toBe('inc-1/one/1/f1/compensate')
})

test('a key stays the same for every attempt and delivery', () => {
  const state = started()
  fold(state, { kind: 'StepScheduled', step: 'one', call: {} }, 1)
  const started1 = {
    kind: 'AttemptStarted',
    step: 'one',
    effect: 'read',
    lookup: false,
    contract: '',
  } as const
  const error = { code: 'AgentError', message: '', retryable: true, hint: null, details: null }
  fold(state, { ...started1, attempt: 1 }, 2)
  fold(state, { kind: 'AttemptLost', step: 'one' }, 3)
  fold(state, { ...started1, attempt: 1 }, 4)
  fold(state, { kind: 'RetryScheduled', step: 'one', dueAtMs: 6, error }, 5)
  fold(state, { ...started1, attempt: 2 }, 6)
  expect(idempotencyKey(state, callOf(state, 'one'))).toBe('inc-1/one/1')
})

function started(): ExecutionState {
  if (document === null) throw new Error('the document is not valid')
  const state = newExecution('inc-1', compilePlan(document, '00'), {})
  fold(state, { kind: 'ExecutionStarted', executionId: 'inc-1', kernelVersion: 1, input: {} }, 1)
  return state
}

function callOf(
  state: ExecutionState,
  step: string,
  ...[index = null, undo = null]: (number | null)[]
): CallState {
  const call = findCall(state, { step, index, undo })
  if (call === undefined) throw new Error(`no call ${step}`)
  return call
}
