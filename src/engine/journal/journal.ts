import type { CloudEvent } from '../../core/contracts/events.ts'
import type { MemoryChange } from '../../core/contracts/memory.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { MemoryStore } from '../../storage/index.ts'
import type { BudgetChange, BudgetTotal } from './budget-totals.ts'
import type { DeadLetterFilter, DeadLetterView } from '../workflow-engine.ts'

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
  /** Number of the execution whose step this one is; null for a root. */
  readonly parent: number | null
  /** True for a tombstone: retention has removed everything but this row. In a start it means nothing. */
  readonly isPruned: boolean
}

export interface StatusChange {
  readonly execution: number
  readonly status: string
  /** Null opens an ended execution again. */
  readonly endedAtMs: number | null
}

/** The state that folding an execution's events up to `seq` gave. */
export interface SnapshotRow {
  readonly execution: number
  /** Sequence number of the last event that is folded in. */
  readonly seq: number
  /** Of the kernel that folded; another one folds anew. */
  readonly kernelVersion: number
  /** The encoded state. */
  readonly payload: string
}

/** A dead letter opened or closed. Opening an open one gives it the new error, as the newest. */
export type DeadLetterChange =
  | {
      readonly kind: 'open'
      readonly id: string
      readonly execution: number
      readonly stepId: string | null
      readonly error: ErrorJson
      readonly atMs: number
    }
  /** Does nothing when it is not open. */
  | { readonly kind: 'close'; readonly id: string }

/** The newest document of one name and version. */
export interface WorkflowRow {
  readonly name: string
  readonly version: string
  readonly documentHash: string
  /** When that document was first registered or started. */
  readonly registeredAtMs: number
}

export interface WorkflowRegistration {
  readonly name: string
  readonly version: string
  readonly documentHash: string
  readonly atMs: number
}

/** What of the ended executions may be removed. Ages count from the end of a root. */
export interface RetentionPolicy {
  /** A root that ended before is removed. */
  readonly endedBeforeMs: number
  /** A root is removed when so many that started later have ended. */
  readonly endedMax: number
  /** While there is an open dead letter in its tree, a root is removed only when it ended before. */
  readonly deadLetterEndedBeforeMs: number
  /** A call stops after so many executions, so that its commit stays short; a tree is removed whole. */
  readonly limit: number
}

/** An event that an execution has published. */
export interface OutboxRow {
  readonly execution: number
  /** Sequence number of the journal's event that published it. */
  readonly seq: number
  /** Its place among those that were published there, from 0. */
  readonly place: number
  readonly atMs: number
  readonly event: CloudEvent
}

/** What a call has changed of what its agent remembers. */
export interface MemoryRow {
  readonly change: MemoryChange
  readonly atMs: number
}

/** An event that is to be sent on. */
export interface OutboxEntry {
  /** Grows with every event; none has it twice in the life of a journal. */
  readonly position: number
  /** Null when it was damaged on disk. */
  readonly event: CloudEvent | null
}

/** Everything that one turn of the event loop records; committed whole or not at all. */
export interface JournalBatch {
  readonly documents: readonly { readonly hash: string; readonly text: string }[]
  readonly starts: readonly ExecutionRow[]
  readonly rows: readonly JournalRow[]
  readonly statuses: readonly StatusChange[]
  /** The newest two of an execution are kept; the same position again replaces the snapshot. */
  readonly snapshots?: readonly SnapshotRow[]
  readonly deadLetters?: readonly DeadLetterChange[]
  /** Events that executions published. */
  readonly outbox?: readonly OutboxRow[]
  /** What calls have changed of what their agents remember, in order. */
  readonly memories?: readonly MemoryRow[]
  /** Positions of published events that were sent on; unknown ones are passed over. */
  readonly sent?: readonly number[]
  /** A repeat of the same document changes nothing, another one replaces it. */
  readonly workflows?: readonly WorkflowRegistration[]
  /** Each is added to the total of its budget. */
  readonly budgets?: readonly BudgetChange[]
}

export interface ExecutionFilter {
  readonly status?: string
  readonly workflow?: string
  /** Every pair must be in the execution's metadata; values compare as text. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Only those with a smaller execution number: the rest of a list that was cut. */
  readonly before?: number
  /** Newest first; default 1,000. */
  readonly limit?: number
}

/**
 * What anybody may look up in the durable record of all executions, its owner or not.
 *
 * Every method throws StateConsistencyError for what was damaged on disk; damaged snapshots alone are
 * left out, since folding does without them.
 */
export interface JournalReader {
  /** Also the tombstone of one that was pruned. */
  find(executionId: string): ExecutionRow | undefined
  /** Newest start first: in falling order of execution numbers, which no change of the clock disturbs. */
  list(filter: ExecutionFilter): readonly ExecutionRow[]
  /** Executions that have not ended (`endedAtMs` null), oldest start first. */
  open(): readonly ExecutionRow[]
  /**
   * The rows of an execution in order of sequence that hold events after `afterSeq` (default 0); the
   * first of them may begin before it.
   *
   * @throws StateConsistencyError when sequence numbers have a gap or overlap, a row fails its checksum,
   *   or a value that it names is missing or altered.
   */
  rows(execution: number, afterSeq?: number): readonly JournalRow[]
  document(hash: string): string | undefined
  /** The newest undamaged one; none once the execution has ended. */
  snapshot(execution: number): SnapshotRow | undefined
  /** The open ones in order of opening, at most `limit` (default 1,000). */
  deadLetters(filter: DeadLetterFilter): readonly DeadLetterView[]
  /** An open one. */
  deadLetter(id: string): DeadLetterView | undefined
  /** By name, then by version as text. */
  workflows(): readonly WorkflowRow[]
}

/**
 * The durable record of all executions. What `append` has resolved for survives kill -9.
 *
 * A start or registration names a document of its own batch or an earlier one, and a status change,
 * snapshot or dead letter an execution that has started; anything else breaks an invariant and fails the
 * batch. The first start of a document under its name and version registers it too. The end of an
 * execution removes its snapshots.
 */
export interface Journal extends JournalReader {
  /** What agents remember; changed by batches. */
  readonly memories: MemoryStore
  /** What was spent of each budget of agents and tenants, in its newest span of time. */
  budgets(): readonly BudgetTotal[]
  /** The published events behind a position that were not sent on yet, in order, at most so many. */
  outbox(afterPosition: number, limit: number): readonly OutboxEntry[]
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
  /**
   * Removes ended roots, oldest start first, each with all its descendants: their rows, snapshots, dead
   * letters and the values that nobody else needs. A tombstone of each execution stays, so that `find`
   * still answers and the id stays taken. A tree is kept whole while any of it is open, holds the newest
   * row of the journal, or is damaged.
   *
   * @returns how many executions were removed; when not fewer than `limit`, call again
   * @throws as `append`
   */
  prune(policy: RetentionPolicy): Promise<number>
  /** Refuses every later call. What the journal is built on stays open; whoever opened it closes it. */
  close(): Promise<void>
}
