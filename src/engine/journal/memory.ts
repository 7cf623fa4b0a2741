import { invariant } from '../../core/assert.ts'
import type { JsonObject } from '../../core/json.ts'
import { journalClosed, sequenceTaken, startTaken } from './batch-refusal.ts'
import { hasMetadata, listLimitDefault } from './execution-filter.ts'
import type {
  ExecutionFilter,
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
  StatusChange,
} from './journal.ts'
import { rowsAfter } from './row-sequence.ts'
import { statusCode } from './status-code.ts'

/** A journal that lives as long as its process: for tests and simulation. */
export class MemoryJournal implements Journal {
  readonly #documents = new Map<string, string>()
  readonly #executions = new Map<number, ExecutionRow>()
  readonly #numbers = new Map<string, number>()
  /** By execution number, then by sequence number. */
  readonly #rows = new Map<number, Map<number, JournalRow>>()
  #last = 0
  #isClosed = false

  nextExecution(): number {
    this.#requireOpen()
    return ++this.#last
  }

  append(batch: JournalBatch): Promise<void> {
    try {
      this.#requireOpen()
      this.#check(batch)
    } catch (thrown) {
      return Promise.reject(thrown)
    }
    for (const document of batch.documents) {
      if (!this.#documents.has(document.hash)) this.#documents.set(document.hash, document.text)
    }
    for (const start of batch.starts) this.#start(start)
    for (const row of batch.rows) this.#record(row)
    for (const change of batch.statuses) this.#change(change)
    return Promise.resolve()
  }

  find(executionId: string): ExecutionRow | undefined {
    this.#requireOpen()
    const execution = this.#numbers.get(executionId)
    return execution === undefined ? undefined : this.#executions.get(execution)
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    return this.#inOrder()
      .toReversed()
      .filter(
        (row) =>
          (filter.status === undefined || row.status === filter.status) &&
          (filter.workflow === undefined || row.workflow === filter.workflow) &&
          hasMetadata(row.metadata, filter.metadata),
      )
      .slice(0, filter.limit ?? listLimitDefault)
  }

  open(): readonly ExecutionRow[] {
    return this.#inOrder().filter((row) => row.endedAtMs === null)
  }

  rows(execution: number, afterSeq = 0): readonly JournalRow[] {
    this.#requireOpen()
    return rowsAfter(
      [...(this.#rows.get(execution)?.values() ?? [])].toSorted((a, b) => a.seq - b.seq),
      afterSeq,
    )
  }

  document(hash: string): string | undefined {
    this.#requireOpen()
    return this.#documents.get(hash)
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #check(batch: JournalBatch): void {
    const documents = new Set(batch.documents.map((document) => document.hash))
    const ids = new Set<string>()
    const numbers = new Set<number>()
    for (const start of batch.starts) {
      const isKnown = documents.has(start.documentHash) || this.#documents.has(start.documentHash)
      invariant(isKnown, `execution '${start.executionId}' names an unknown document`)
      statusCode(start.status)
      const isTaken = this.#numbers.has(start.executionId) || this.#executions.has(start.execution)
      if (isTaken || ids.has(start.executionId) || numbers.has(start.execution))
        throw startTaken(start)
      ids.add(start.executionId)
      numbers.add(start.execution)
    }
    const places = new Set<string>()
    for (const row of batch.rows) {
      const place = `${row.execution}/${row.seq}`
      const isTaken = this.#rows.get(row.execution)?.has(row.seq) ?? false
      if (isTaken || places.has(place)) throw sequenceTaken(row)
      places.add(place)
    }
    for (const { execution, status } of batch.statuses) {
      const isKnown = numbers.has(execution) || this.#executions.has(execution)
      invariant(isKnown, `a status for the unknown execution number ${execution}`)
      statusCode(status)
    }
  }

  #start(start: ExecutionRow): void {
    this.#executions.set(start.execution, { ...start, metadata: copyOf(start.metadata) })
    this.#numbers.set(start.executionId, start.execution)
    this.#last = Math.max(this.#last, start.execution)
  }

  #record(row: JournalRow): void {
    const recorded = this.#rows.get(row.execution)
    if (recorded === undefined) this.#rows.set(row.execution, new Map([[row.seq, { ...row }]]))
    else recorded.set(row.seq, { ...row })
  }

  #change(change: StatusChange): void {
    const row = this.#executions.get(change.execution) as ExecutionRow
    this.#executions.set(change.execution, {
      ...row,
      status: change.status,
      endedAtMs: change.endedAtMs,
    })
  }

  #inOrder(): ExecutionRow[] {
    this.#requireOpen()
    return [...this.#executions.values()].toSorted((a, b) => a.execution - b.execution)
  }

  #requireOpen(): void {
    if (this.#isClosed) throw journalClosed()
  }
}

function copyOf(metadata: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(metadata)) as JsonObject
}
