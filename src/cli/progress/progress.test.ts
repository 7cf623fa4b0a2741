import { expect, test } from 'vitest'
import type { LogEntry } from '../../engine/index.ts'
import { readDocument } from '../../workflow/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import { makePaint } from '../terminal/paint.ts'
import { displayWidth } from '../terminal/width.ts'
import { eventText, isProgressLine } from './plain-line.ts'
import { ProgressModel, orderOf } from './progress-model.ts'
import { recordedCalls } from './recorded-calls.ts'
import { treeLines } from './tree-lines.ts'

const text = `
name: demo
version: 1.0.0
steps:
  late: { needs: [work, ask], sleep: 5s }
  work: { forEach: '[1, 2, 3]', agent: analyst, action: explain }
  ask: { waitFor: { signal: approval } }
  call: { agent: observer, action: detect }
`

function demo(): WorkflowDocument {
  const { document, problems } = readDocument(text, { file: 'demo.yaml' })
  if (document === null) throw new Error(JSON.stringify(problems))
  return document
}

const failure = {
  code: 'AgentError',
  message: 'no luck',
  retryable: true,
  hint: null,
  details: null,
}
const look = { nowMs: 5_000, rows: 20, columns: 100, paint: makePaint(false) }

function modelOf(...events: readonly LogEntry['event'][]): ProgressModel {
  const model = new ProgressModel('demo-1', demo())
  for (const entry of entriesOf(...events)) model.take(entry)
  return model
}

function entriesOf(...events: readonly LogEntry['event'][]): LogEntry[] {
  return events.map((event, i) => ({
    executionId: 'demo-1',
    seq: i + 1,
    atMs: 1_000 * (i + 1),
    event,
  }))
}

const started = {
  kind: 'ExecutionStarted',
  executionId: 'demo-1',
  kernelVersion: 1,
  input: {},
} as const

test('steps are shown after what they need', () => {
  const order = orderOf(demo())
  expect(order.indexOf('late')).toBeGreaterThan(order.indexOf('work'))
  expect(order.indexOf('late')).toBeGreaterThan(order.indexOf('ask'))
  expect(order).toHaveLength(4)
})

test('a step with forEach counts its items and ends with the last of them', () => {
  const attempt = {
    kind: 'AttemptStarted',
    step: 'work',
    attempt: 1,
    effect: 'read',
    lookup: false,
    contract: '',
  } as const
  const model = modelOf(
    started,
    { kind: 'StepScheduled', step: 'work', items: [1, 2, 3] },
    ...[0, 1, 2].map((index) => ({ ...attempt, index })),
    { kind: 'CallCompleted', step: 'work', index: 1, output: 1 },
    { kind: 'CallCompleted', step: 'work', index: 0, output: 1 },
  )
  expect(model.step('work')).toMatchObject({
    status: 'running',
    items: { total: 3, done: 2, failed: 0 },
    running: 1,
  })
  model.take({
    executionId: 'demo-1',
    seq: 8,
    atMs: 9_000,
    event: { kind: 'CallCompleted', step: 'work', index: 2, output: 1 },
  })
  expect(model.step('work')).toMatchObject({ status: 'completed', endedAtMs: 9_000, running: 0 })
})

test('an event that was seen before changes nothing', () => {
  const entries = entriesOf(
    started,
    { kind: 'StepScheduled', step: 'work', items: [1] },
    {
      kind: 'CallCompleted',
      step: 'work',
      index: 0,
      output: 1,
    },
  )
  const model = new ProgressModel('demo-1', demo())
  for (const entry of [...entries, ...entries]) model.take(entry)
  expect(model.step('work')?.items?.done).toBe(1)
})

test('a wait for a signal is shown until the call ends', () => {
  const model = modelOf(started, {
    kind: 'StepScheduled',
    step: 'ask',
    call: { signal: 'approval' },
  })
  expect(treeLines(model, look).join('\n')).toContain("waits for signal 'approval'")
  model.take({
    executionId: 'demo-1',
    seq: 3,
    atMs: 4_000,
    event: { kind: 'CallCompleted', step: 'ask', output: null },
  })
  expect(treeLines(model, look).join('\n')).not.toContain('waits for signal')
})

test('a retry shows what went wrong and when it goes on', () => {
  const model = modelOf(
    started,
    { kind: 'StepScheduled', step: 'call', call: {} },
    {
      kind: 'AttemptStarted',
      step: 'call',
      attempt: 1,
      effect: 'read',
      lookup: false,
      contract: '',
    },
    { kind: 'RetryScheduled', step: 'call', dueAtMs: 6_500, error: failure },
  )
  const line = treeLines(model, look).find((candidate) => candidate.includes('observer.detect'))
  expect(line).toContain('tries again in 1.5 s: no luck')
  expect(line).toContain('1 retry')
})

test('when rows are short, what is under way is kept and the rest is counted', () => {
  const model = modelOf(started, { kind: 'StepScheduled', step: 'call', call: {} })
  const lines = treeLines(model, { ...look, rows: 4 })
  expect(lines).toHaveLength(3)
  expect(lines[1]).toContain('observer.detect')
  expect(lines[2]).toContain('3 more steps')
})

test('the tree holds no control characters whatever an agent says', () => {
  const model = modelOf(started, { kind: 'StepScheduled', step: 'call', call: {} })
  model.takeNote({
    executionId: 'demo-1',
    stepId: 'call',
    index: null,
    fraction: 0.5,
    note: '\u001B[2J\nboo',
  })
  const lines = treeLines(model, look)
  expect(lines.join('')).toContain('50 %  boo')
  // oxlint-disable-next-line no-control-regex
  for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001F]/)
  expect(Math.max(...lines.map(displayWidth))).toBeLessThan(100)
})

test('progress without a terminal leaves out what the next line says anyway', () => {
  const entries = entriesOf(
    started,
    { kind: 'StepScheduled', step: 'call', call: {} },
    { kind: 'StepScheduled', step: 'work', items: [1, 2] },
    { kind: 'CallScheduled', step: 'work', index: 0, call: {} },
    { kind: 'StepSkipped', step: 'late', reason: 'when' },
  )
  expect(entries.filter(isProgressLine).map(eventText)).toEqual([
    'execution started',
    'work has 2 items',
    'late skipped: when is false',
  ])
})

test('recorded calls pair the raw output with the input it came from', () => {
  const entries = entriesOf(
    started,
    { kind: 'StepScheduled', step: 'call', call: { input: { series: 'a.csv' } } },
    { kind: 'CallCompleted', step: 'call', output: 1, raw: { anomalies: [] } },
  )
  expect(recordedCalls(entries)).toEqual([
    { step: 'call', input: { series: 'a.csv' }, output: { anomalies: [] } },
  ])
})

const asked = {
  kind: 'StepScheduled',
  step: 'ask',
  call: { signal: 'approval' },
} as const
const going = [started, asked, { kind: 'CallCompleted', step: 'ask', output: null }] as const

test('a rollback makes the steps after the checkpoint pending again once it is through', () => {
  const request = {
    kind: 'RollbackRequested',
    checkpoint: 'demo-1/@1',
    seq: 1,
    steps: ['ask'],
    entries: [],
    dueAtMs: 0,
  } as const
  const model = modelOf(...going, request)
  expect(model.phase).toBe('rollingBack')
  expect(model.step('ask')?.status).toBe('completed')
  model.take({ executionId: 'demo-1', seq: 5, atMs: 1, event: { kind: 'RolledBack', changes: [] } })
  expect(model.phase).toBe('forward')
  expect(model.step('ask')).toMatchObject({ status: 'pending', startedAtMs: null, attempts: 0 })
})

test('an execution that had failed is open again after a redrive', () => {
  const model = modelOf(
    started,
    asked,
    { kind: 'CallFailed', step: 'ask', error: failure },
    { kind: 'ExecutionFailed', error: failure },
  )
  expect(model.outcome).toBe('failed')
  const event = { kind: 'ExecutionRedriven', reset: [], anew: [], again: ['ask'] } as const
  model.take({ executionId: 'demo-1', seq: 5, atMs: 1, event })
  expect(model.outcome).toBeNull()
  expect(model.step('ask')).toMatchObject({ status: 'running', error: null })
})

test('a step that runs a workflow names the execution that does its work', () => {
  const event = {
    kind: 'ChildStarted',
    step: 'call',
    attempt: 1,
    executionId: 'demo-1.call',
    documentHash: '',
  } as const
  const model = modelOf(started, { kind: 'StepScheduled', step: 'call', call: {} }, event)
  expect(treeLines(model, look).join('\n')).toContain('runs as demo-1.call')
})

test('state writes are told by keys and versions, never by values', () => {
  const changes = [
    { key: 'token', version: 3, value: ['secret'] },
    { key: 'old', version: 2 },
  ] as const
  const [entry] = entriesOf({ kind: 'StateChanged', changes, step: 'call' })
  expect(eventText(entry as LogEntry)).toBe('state by call: token v3, old deleted')
})
