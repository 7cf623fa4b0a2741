import { expect, test } from 'vitest'
import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import type { KernelEvent } from './events.ts'
import { fold } from './fold.ts'
import { type ExecutionState, newExecution, type StepState } from './state.ts'
import { executionStatus, stepStatus } from './status.ts'

const { document } = readDocumentData({
  name: 'status',
  version: '1.0.0',
  steps: { a: { agent: 'a', action: 'do' }, nap: { sleep: '1s' } },
})
const started: KernelEvent = {
  kind: 'ExecutionStarted',
  executionId: 'x',
  kernelVersion: 1,
  input: {},
}
const scheduled: KernelEvent = { kind: 'StepScheduled', step: 'a', call: {} }
const attempt: KernelEvent = {
  kind: 'AttemptStarted',
  step: 'a',
  attempt: 1,
  effect: 'once',
  lookup: false,
  contract: '',
}
const error = { code: 'AgentError', message: '', retryable: true, hint: null, details: null }
const sleeping: KernelEvent = { kind: 'StepScheduled', step: 'nap', call: { dueAtMs: 1_000 } }

test.each<{
  readonly name: string
  readonly events: readonly KernelEvent[]
  readonly status: string
  readonly step: string
}>([
  { name: 'before its first event', events: [], status: 'pending', step: 'pending' },
  { name: 'wants to start', events: [started, scheduled], status: 'running', step: 'waiting' },
  { name: 'runs', events: [started, scheduled, attempt], status: 'running', step: 'running' },
  {
    name: 'runs beside a sleep',
    events: [started, sleeping, scheduled, attempt],
    status: 'running',
    step: 'running',
  },
  {
    name: 'backs off',
    events: [started, scheduled, attempt, { kind: 'RetryScheduled', step: 'a', dueAtMs: 9, error }],
    status: 'waiting',
    step: 'waiting',
  },
  {
    name: 'is uncertain',
    events: [started, scheduled, attempt, { kind: 'CallUncertain', step: 'a', error }],
    status: 'waiting',
    step: 'uncertain',
  },
  {
    name: 'is suspended',
    events: [
      started,
      scheduled,
      attempt,
      { kind: 'CallSuspended', step: 'a', signal: 's', schema: null, resumeToken: null },
    ],
    status: 'waiting',
    step: 'waiting',
  },
  {
    name: 'is paused',
    events: [started, scheduled, attempt, { kind: 'ExecutionPaused' }],
    status: 'paused',
    step: 'running',
  },
  {
    name: 'is paused and then cancelled',
    events: [
      started,
      scheduled,
      attempt,
      { kind: 'ExecutionPaused' },
      { kind: 'CancelRequested', dueAtMs: 9 },
    ],
    status: 'running',
    step: 'running',
  },
  {
    name: 'has failed',
    events: [
      started,
      scheduled,
      attempt,
      { kind: 'CallFailed', step: 'a', error },
      { kind: 'FailureDecided', error },
      { kind: 'ExecutionFailed', error },
    ],
    status: 'failed',
    step: 'failed',
  },
  {
    name: 'was cancelled',
    events: [
      started,
      { kind: 'CancelRequested', dueAtMs: 9 },
      { kind: 'ExecutionCancelled', error },
    ],
    status: 'cancelled',
    step: 'cancelled',
  },
])('an execution that $name is $status and its step $step', ({ events, status, step }) => {
  const state = folded(events)
  expect(executionStatus(state)).toBe(status)
  expect(stepStatus(state.steps.find(({ plan }) => plan.id === 'a') as StepState)).toBe(step)
})

function folded(events: readonly KernelEvent[]): ExecutionState {
  if (document === null) throw new Error('the document is not valid')
  const state = newExecution('x', compilePlan(document, '00'), {})
  for (const event of events) fold(state, event, 5)
  return state
}
