import type { JsonObject } from '../../core/json.ts'

/** One row of the journal: consecutive events of one execution, recorded in one commit. */
export interface JournalRow {
  /** The execution's number in this file. */
  readonly execution: number
  /** Sequence number of the first event in the row; the first of an execution is 1. */
  readonly seq: number
  /** How many events the row holds, at least 1. */
  readonly count: number
  /** The encoded events. */
  readonly payload: string
}

/** What the file knows of an execution without folding its journal. */
export interface ExecutionRow {
  readonly execution: number
  readonly executionId: string
  readonly workflow: string
  readonly version: string
  readonly documentHash: string
  /** Hash of document and input: the same id with another one is refused. */
  readonly startHash: string
  readonly status: string
  readonly metadata: JsonObject
  readonly startedAtMs: number
  readonly endedAtMs: number | null
}

export interface StatusChange {
  readonly execution: number
  readonly status: string
  readonly endedAtMs: number | null
}

/** Everything that one turn of the event loop records; committed whole or not at all. */
export interface JournalBatch {
  readonly documents: readonly { readonly hash: string; readonly text: string }[]
  readonly starts: readonly ExecutionRow[]
  readonly rows: readonly JournalRow[]
  readonly statuses: readonly StatusChange[]
}

export interface ExecutionFilter {
  readonly status?: string
  readonly workflow?: string
  /** Every pair must be in the execution's metadata; values compare as text. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Newest first; default 1,000. */
  readonly limit?: number
}

/** What anybody may look up in the durable record of all executions, its owner or not. */
export interface JournalReader {
  find(executionId: string): ExecutionRow | undefined
  /** Newest start first: in falling order of execution numbers, which no change of the clock disturbs. */
  list(filter: ExecutionFilter): readonly ExecutionRow[]
  /** Executions that have not ended (`endedAtMs` null), oldest start first. */
  open(): readonly ExecutionRow[]
  /**
   * The rows of an execution in order of sequence that hold events after `afterSeq` (default 0); the
   * first of them may begin before it.
   *
   * @throws StateConsistencyError when sequence numbers have a gap or overlap.
   */
  rows(execution: number, afterSeq?: number): readonly JournalRow[]
  document(hash: string): string | undefined
}

/**
 * The durable record of all executions. What `append` has resolved for survives kill -9.
 *
 * A start names a document of its own batch or an earlier one, and a status change an execution that
 * has started; anything else breaks an invariant and fails the batch.
 */
export interface Journal extends JournalReader {
  /** The next free execution number; each call gives another one. */
  nextExecution(): number
  /**
   * Commits the batch.
   *
   * @throws StateConsistencyError when this owner's epoch is stale, or an execution id, an execution
   *   number or a sequence number is taken (`details` names it); StorageError (retryable) when the disk
   *   is full or read-only. Nothing of the batch is then recorded, and the same events may be appended
   *   again in other batches.
   */
  append(batch: JournalBatch): Promise<void>
  /** Refuses every later call. What the journal is built on stays open; whoever opened it closes it. */
  close(): Promise<void>
}
