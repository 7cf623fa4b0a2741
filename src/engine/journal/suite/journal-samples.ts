import assert from 'node:assert/strict'
import { isOrchestrationError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { ExecutionRow, Journal, JournalBatch, JournalRow } from '../journal.ts'

/** A journal under test, new and empty, with what its adapter can do around it. */
export interface JournalFixture {
  readonly journal: Journal
  /** Ends the present owner and opens what it recorded again. */
  readonly reopen?: () => Promise<Journal>
  /** Opens it as a second owner while the first still believes in itself. */
  readonly takeOver?: () => Promise<Journal>
  close(): Promise<void>
}

/** One behaviour under test; throws or rejects when the journal has it not. */
export type JournalCheck = (journal: Journal, fixture: JournalFixture) => Promise<void> | void

export const documentHash = 'd0'.repeat(32)
export const document = { hash: documentHash, text: '{"name":"triage"}' }
export const nothing: JournalBatch = { documents: [], starts: [], rows: [], statuses: [] }

export function reopened(fixture: JournalFixture): Promise<Journal> {
  assert.ok(fixture.reopen, 'the adapter neither reopens nor declares that gap')
  return fixture.reopen()
}

export function start(execution: number, executionId: string): ExecutionRow {
  return {
    execution,
    executionId,
    workflow: 'triage',
    version: '1.0.0',
    documentHash,
    startHash: '5a'.repeat(32),
    status: 'running',
    metadata: { team: 'sre' },
    startedAtMs: 1_700_000_000_000 + execution,
    endedAtMs: null,
    parent: null,
    isPruned: false,
  }
}

export function row(execution: number, seq: number, count = 1): JournalRow {
  return { execution, seq, count, payload: JSON.stringify([execution, seq, count]) }
}

export async function startTwo(journal: Journal): Promise<[number, number]> {
  const a = journal.nextExecution()
  const b = journal.nextExecution()
  await journal.append({
    ...nothing,
    documents: [document],
    starts: [start(a, 'a'), start(b, 'b')],
  })
  return [a, b]
}

/** e1 to e4: e2 and e4 have failed, e3 and e4 are of another workflow, metadata differ. */
export async function startMany(journal: Journal): Promise<readonly number[]> {
  const metadata: readonly JsonObject[] = [
    { team: 'sre', tier: 1 },
    { on: true },
    { team: 'sre', tier: 2 },
    { team: 'data' },
  ]
  const starts = metadata.map((given, i) => ({
    ...start(journal.nextExecution(), `e${i + 1}`),
    workflow: i < 2 ? 'triage' : 'audit',
    metadata: given,
  }))
  const numbers = starts.map((one) => one.execution)
  const ended = [1, 3].map((i) => ({
    execution: numbers[i] as number,
    status: 'failed',
    endedAtMs: 1_700_000_100_000,
  }))
  await journal.append({ ...nothing, documents: [document], starts, statuses: ended })
  return numbers
}

export async function rejects(
  code: ErrorCode,
  journal: Journal,
  batch: JournalBatch,
): Promise<JsonObject | null> {
  let details: JsonObject | null = null
  await assert.rejects(journal.append(batch), (thrown) => {
    details = detailsOf(thrown, code)
    return true
  })
  return details
}

export function throws(code: ErrorCode, call: () => unknown): void {
  assert.throws(call, (thrown) => {
    detailsOf(thrown, code)
    return true
  })
}

function detailsOf(thrown: unknown, code: ErrorCode): JsonObject | null {
  assert.ok(isOrchestrationError(thrown), `expected ${code}, got ${String(thrown)}`)
  assert.equal(thrown.code, code)
  return thrown.details
}
