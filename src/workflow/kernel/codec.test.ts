import { expect, test } from 'vitest'
import { decodeRow, encodeRow, kernelEventKinds } from './codec.ts'
import type { KernelEvent } from './events.ts'

const error = {
  code: 'AgentError',
  message: 'größe 🜁',
  retryable: false,
  hint: null,
  details: null,
}
const of = { step: 's' }
const item = { step: 's', index: 0 }

/** At least one of every kind, with its fields absent, zero, false and null where they may be. */
const samples: readonly KernelEvent[] = [
  { kind: 'ExecutionStarted', executionId: 'x', kernelVersion: 1, input: {} },
  { kind: 'ExecutionStarted', executionId: 'x', kernelVersion: 1, input: { n: null }, dueAtMs: 0 },
  { kind: 'StepScheduled', step: 's', call: {} },
  { kind: 'StepScheduled', step: 's', items: [] },
  { kind: 'StepScheduled', step: 's', items: [null, 0, false, ''] },
  {
    kind: 'CallScheduled',
    ...item,
    call: { input: null, timeoutMs: 0, dueAtMs: 0, onDue: 'fail', signal: 'go' },
  },
  { kind: 'StepSkipped', ...of, reason: 'needs' },
  { kind: 'StepFailed', ...of, error },
  { kind: 'AttemptStarted', ...of, attempt: 1, effect: 'read', lookup: false, contract: 'abc' },
  {
    kind: 'AttemptStarted',
    ...item,
    undo: 0,
    attempt: 1,
    effect: 'once',
    lookup: true,
    contract: '',
    alone: true,
  },
  { kind: 'AttemptLost', ...of },
  { kind: 'AttemptLost', ...of, undo: 2 },
  { kind: 'RetryScheduled', ...item, dueAtMs: 5, error },
  { kind: 'RetryScheduled', ...of, undo: 0, dueAtMs: 5, error },
  { kind: 'FallbackScheduled', ...item, fallback: 1, call: { input: [1] }, error },
  { kind: 'PollCompleted', ...item, output: null, dueAtMs: 9 },
  { kind: 'CallSuspended', ...of, signal: 'go', schema: null, resumeToken: null },
  { kind: 'CallSuspended', ...item, signal: 'go', schema: { type: 'object' }, resumeToken: 0 },
  { kind: 'CallUncertain', ...item, error },
  { kind: 'CallCompleted', ...of, output: null },
  { kind: 'CallCompleted', ...item, output: false, raw: { a: [null] } },
  { kind: 'CallCompleted', ...of, undo: 0, output: '' },
  { kind: 'CallFailed', ...of, error },
  { kind: 'CallFailed', ...item, undo: 1, error, raw: 0 },
  { kind: 'CallFailed', ...item, error, raw: null },
  {
    kind: 'ExecutionFailed',
    error,
    undone: {
      key: 'x/compensated/9',
      correlationId: 'x',
      failedStep: null,
      compensated: ['s'],
      notCompensated: [],
    },
  },
  { kind: 'CallResolved', ...item, resolution: 'retry' },
  { kind: 'CallCancelled', ...of },
  { kind: 'CallCancelled', ...item, unknown: true },
  { kind: 'SignalReceived', name: 'go', data: null },
  { kind: 'SignalReceived', name: '', data: [[]] },
  { kind: 'SignalDelivered', ...item, name: 'go' },
  { kind: 'ExecutionAdapted', id: 'a-1', because: 'anomaly', steps: {}, pause: true },
  {
    kind: 'ExecutionAdapted',
    id: 'a-2',
    because: '',
    steps: { a: { maxParallel: 2, approval: 'go', agent: 'b' } },
    cause: { event: 'e-1' },
    tda: { anomalySeverity: 1 },
    flags: { on: true },
  },
  { kind: 'AdaptationReverted', id: 'a-1', because: 'over' },
  { kind: 'ApprovalAwaited', step: 'a', signal: 'go' },
  { kind: 'ExecutionPaused' },
  { kind: 'ExecutionResumed' },
  { kind: 'CancelRequested', dueAtMs: 0 },
  { kind: 'ExecutionTimedOut', dueAtMs: 1 },
  { kind: 'FailureDecided', error },
  { kind: 'CompensationStarted' },
  { kind: 'CompensationScheduled', ...item, undo: 0, call: { input: { v: 1 } } },
  { kind: 'ExecutionCompleted', output: null },
  { kind: 'ExecutionFailed', error },
  { kind: 'ExecutionCancelled', error },
  {
    kind: 'ExecutionForked',
    executionId: 'e-0',
    seq: 4,
    steps: [
      {
        step: 'a',
        status: 'completed',
        output: null,
        error: null,
        attempts: 1,
        startedAtMs: 1,
        endedAtMs: null,
      },
    ],
    changes: [{ key: 'k', version: 1, value: [null] }],
  },
  { kind: 'StateChanged', changes: [{ key: 'k', version: 2 }] },
  {
    kind: 'StateChanged',
    ...item,
    changes: [{ key: 'k', version: 3, value: [{ a: [] }], expiresAtMs: 9, metadata: { by: 'me' } }],
  },
  { kind: 'EventsPublished', step: 'a', key: 'e/a/1', events: [{ type: 't', data: null }] },
  {
    kind: 'EventsPublished',
    ...item,
    key: 'e/a[1]/1',
    events: [{ type: 't', data: { a: [] }, subject: 's', partitionkey: 'k', traceparent: 'x' }],
  },
  {
    kind: 'MemoryChanged',
    ...item,
    change: {
      owner: 'a',
      entriesMax: 1,
      bytesMax: 9,
      writes: [
        { namespace: 'n', key: 'gone' },
        { namespace: 'n', key: 'k', entry: { value: null, text: null, metadata: {}, ttlMs: 5 } },
      ],
    },
  },
  { kind: 'CheckpointTaken', reason: 'verb', label: 'before' },
  { kind: 'CheckpointTaken', reason: 'anomaly' },
  { kind: 'TdaObserved', context: { available: true } },
  {
    kind: 'ChildStarted',
    ...item,
    attempt: 1,
    executionId: 'e.a.3',
    documentHash: 'f0',
    dueAtMs: 7,
  },
  { kind: 'ChildStarted', step: 'a', undo: 2, attempt: 1, executionId: 'e.a', documentHash: 'f0' },
  { kind: 'ChildEnded', ...item, status: 'completed', agentCalls: 0 },
  {
    kind: 'RollbackRequested',
    checkpoint: 'e/@1',
    seq: 1,
    steps: ['a'],
    entries: [{ key: 'k', version: 1, value: [1] }],
    dueAtMs: 0,
    automatic: true,
    final: true,
    acceptedEffects: ['a'],
  },
  { kind: 'RolledBack', changes: [], dueAtMs: 5 },
  { kind: 'RollbackRefused', error },
  { kind: 'ExecutionRedriven', reset: ['a'], anew: [], again: ['b'], dueAtMs: 5, token: 2 },
  { kind: 'UndoRequested' },
  { kind: 'CompensationRedriven', undo: 0 },
  { kind: 'DeadLetterDiscarded', id: 'e/a/compensate' },
  { kind: 'CallRefused', ...item, undo: 1, reason: 'breaker', dueAtMs: 3, error },
  {
    kind: 'UsageSettled',
    ...item,
    tokens: 0,
    costUsd: 0.5,
    charge: { agent: 'llm', calls: 1, tokens: 9, atMs: 4 },
  },
  { kind: 'UsageSettled', step: 'a', undo: 2, tokens: 3, costUsd: 0 },
  { kind: 'CallSkipped', ...item, reason: 'concurrency' },
  { kind: 'PatternStarted', ...item, pattern: 'consensus', dueAtMs: 9 },
  { kind: 'PatternStarted', ...of, pattern: 'fanOut' },
  { kind: 'PartScheduled', ...item, part: 1, agent: 'a', action: 'do', input: null, note: null },
  {
    kind: 'PartScheduled',
    ...of,
    part: 2,
    agent: 'a',
    action: 'do',
    input: { v: 1 },
    note: 'plan',
  },
  { kind: 'PatternDecided', ...item, result: { output: null } },
  { kind: 'PatternDecided', ...of, result: { error } },
  {
    kind: 'PolicyDecided',
    step: 'a',
    decision: { policy: 'p', version: '1.0.0', values: { quorum: 2 }, rules: { quorum: 'r' } },
    dueAtMs: 5,
  },
  { kind: 'StepApproved', step: 'a' },
  { kind: 'CallCompleted', ...item, part: 3, output: null },
  { kind: 'CallCancelled', ...of, undo: 2 },
  { kind: 'CompensationScheduled', ...item, undo: 0, part: 3, call: {} },
]

test('there is a sample of every kind', () => {
  expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(kernelEventKinds))
})

test.each(samples.map((event) => ({ name: event.kind, event })))(
  '$name comes back as it was written',
  ({ event }) => {
    expect(decodeRow(encodeRow(1_700_000_000_000, [event]))).toEqual({
      atMs: 1_700_000_000_000,
      events: [event],
    })
  },
)

test('a row keeps its events in order', () => {
  expect(decodeRow(encodeRow(1, samples)).events).toEqual(samples)
})

test('the codes of recorded kinds never change', () => {
  expect(kernelEventKinds.slice(0, 28)).toEqual([
    'ExecutionStarted',
    'StepScheduled',
    'CallScheduled',
    'StepSkipped',
    'StepFailed',
    'AttemptStarted',
    'AttemptLost',
    'RetryScheduled',
    'FallbackScheduled',
    'PollCompleted',
    'CallSuspended',
    'CallUncertain',
    'CallCompleted',
    'CallFailed',
    'CallResolved',
    'CallCancelled',
    'SignalReceived',
    'SignalDelivered',
    'ExecutionPaused',
    'ExecutionResumed',
    'CancelRequested',
    'ExecutionTimedOut',
    'FailureDecided',
    'CompensationStarted',
    'CompensationScheduled',
    'ExecutionCompleted',
    'ExecutionFailed',
    'ExecutionCancelled',
  ])
})

test('what is no row is an InternalError', () => {
  for (const text of ['{}', '[]', '["x"]', 'null', '[1,2]', '[1,["x"]]', '[1,[999]]', '[1,[-1]]']) {
    expect(() => decodeRow(text), text).toThrow(expect.objectContaining({ code: 'InternalError' }))
  }
})
