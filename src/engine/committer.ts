import type { Clock } from '../core/clock.ts'
import {
  isOrchestrationError,
  messageOf,
  type OrchestrationError,
  StateConsistencyError,
} from '../core/errors.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { Logger } from '../core/logger.ts'
import { type Command, encodeRow, type KernelEvent } from '../workflow/index.ts'
import type { BudgetChange } from './journal/budget-totals.ts'
import type {
  DeadLetterChange,
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
  MemoryRow,
  OutboxRow,
  StatusChange,
} from './journal/journal.ts'
import { outboxRows } from './outbox-rows.ts'
import { stateRows } from './state-mirrors.ts'
import { letterIds, type Running } from './running.ts'
import { statusOf } from './status-of.ts'

/** What one execution adds to a commit. */
export interface Part {
  readonly running: Running
  readonly events: readonly KernelEvent[]
  /** Sequence number of the first event. */
  readonly firstSeq: number
  readonly commands: readonly Command[]
  readonly flushed: Running['flushed']
  readonly documents: Running['documents']
  readonly start: ExecutionRow | null
  readonly row: JournalRow | null
  readonly status: StatusChange | null
  readonly deadLetters: readonly DeadLetterChange[]
  readonly budgets: readonly BudgetChange[]
  readonly outbox: readonly OutboxRow[]
  readonly memories: readonly MemoryRow[]
}

export interface CommitterOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** What changes in the state of executions goes into the outbox too. */
  readonly hasMirrors: boolean
  /** The part is durable: its commands may be obeyed. */
  readonly onCommitted: (part: Part, atMs: number) => void
  /** Documents were recorded that this owner had not recorded before. */
  readonly onDocuments: () => void
  /** Events that were published are durable. */
  readonly onPublished: () => void
  /** The part could not be recorded: the execution is not to be driven any more. */
  readonly onBroken: (running: Running, error: OrchestrationError) => void
}

const stallDelayMs = 250
const stallDelayMsMax = 5_000

/**
 * Group commit: everything that one turn of the event loop records is one transaction at its end. While
 * one is under way the next one gathers. A full or read-only disk stalls: the same batch is tried again
 * until it succeeds, and nothing new is accepted meanwhile. A batch that is refused for another reason
 * is tried execution by execution, so that only the culprit breaks.
 */
export class Committer {
  readonly #options: CommitterOptions
  #dirty: Running[] = []
  /** Hashes of the documents that this owner has recorded. */
  readonly recorded = new Set<string>()
  #isScheduled = false
  #isCommitting = false
  #isClosed = false
  #turnAtMs: number | null = null
  #idle: (() => void)[] = []
  #wake: (() => void) | null = null
  /** Why nothing can be recorded now; null when all is well. */
  stalled: OrchestrationError | null = null

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** The wall time of this turn: one for everything that it records. */
  get atMs(): number {
    if (this.#turnAtMs === null) {
      this.#turnAtMs = this.#options.clock.nowMs()
      // Its end forgets the time, also when nothing is recorded in it.
      this.#schedule()
    }
    return this.#turnAtMs
  }

  /** The execution has something to record or to do at the end of the turn. */
  touch(running: Running): void {
    if (!running.isDirty) {
      running.isDirty = true
      this.#dirty.push(running)
    }
    this.#schedule()
  }

  /** Resolves when nothing is left to record. */
  idle(): Promise<void> {
    if (this.#dirty.length === 0 && !this.#isCommitting) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Records nothing any more; a stalled batch is given up. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isCommitting || this.#isClosed) return
    this.#isScheduled = true
    this.#options.clock.atTurnEnd(() => {
      this.#isScheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    if (this.#isCommitting || this.#isClosed) return
    // Not by the getter, which would ask for another turn.
    const atMs = this.#turnAtMs ?? this.#options.clock.nowMs()
    this.#turnAtMs = null
    const dirty = this.#dirty
    this.#dirty = []
    this.#isCommitting = true
    const parts = this.#takeParts(dirty, atMs)
    if ((await this.#record(batchOf(parts))) === null) this.#commit(parts, atMs)
    else await this.#recordOneByOne(parts, atMs)
    this.#isCommitting = false
    if (this.#dirty.length > 0) return this.#schedule()
    this.#turnAtMs = null
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** An execution whose events cannot be written down breaks alone; of one that is broken nothing more is recorded. */
  #takeParts(dirty: readonly Running[], atMs: number): readonly Part[] {
    const parts: Part[] = []
    for (const running of dirty) {
      const { flushed, broken } = running
      if (broken !== null) {
        running.isDirty = false
        running.flushed = []
        for (const { reject } of flushed) reject(broken)
        continue
      }
      try {
        parts.push(takePart(running, atMs, this.#options.hasMirrors))
      } catch (thrown) {
        this.#break({ running, flushed }, asOrchestrationError(thrown))
      }
    }
    return parts
  }

  async #recordOneByOne(parts: readonly Part[], atMs: number): Promise<void> {
    for (const part of parts) {
      const error = await this.#record(batchOf([part]))
      if (error === null) this.#commit([part], atMs)
      else this.#break(part, error)
    }
  }

  #commit(parts: readonly Part[], atMs: number): void {
    const recordedBefore = this.recorded.size
    for (const { documents } of parts) for (const { hash } of documents) this.recorded.add(hash)
    if (this.recorded.size > recordedBefore) this.#options.onDocuments()
    for (const part of parts) this.#options.onCommitted(part, atMs)
    if (parts.some(({ outbox }) => outbox.length > 0)) this.#options.onPublished()
  }

  #break({ running, flushed }: Pick<Part, 'running' | 'flushed'>, error: OrchestrationError): void {
    for (const { reject } of flushed) reject(error)
    this.#options.onBroken(running, error)
  }

  /** @returns null when the batch is durable, else why it never will be */
  async #record(batch: JournalBatch): Promise<OrchestrationError | null> {
    if (batch.rows.length === 0 && batch.starts.length === 0 && batch.statuses.length === 0)
      return null
    const { journal, clock, telemetry } = this.#options
    for (let delayMs = stallDelayMs; ; delayMs = Math.min(2 * delayMs, stallDelayMsMax)) {
      try {
        const startMs = clock.monotonicMs()
        await journal.append(batch)
        telemetry.stateOperation('commit', clock.monotonicMs() - startMs)
        if (this.stalled !== null) this.#options.logger.log('warn', 'recording works again')
        this.stalled = null
        return null
      } catch (thrown) {
        const error = asOrchestrationError(thrown)
        if (!error.retryable || this.#isClosed) {
          // Nobody tries this batch again, so nothing else would say that the next one may pass.
          this.stalled = null
          return error
        }
        if (this.stalled === null)
          this.#options.logger.log('error', `nothing can be recorded: ${error.message}`)
        this.stalled = error
        await this.#pause(delayMs)
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function takePart(running: Running, atMs: number, hasMirrors: boolean): Part {
  const { flushed, state, row } = running
  const { events, commands } = running.made
  running.isDirty = false
  running.isRecording = true
  running.made = { events: [], commands: [] }
  running.flushed = []
  const firstSeq = state.seq - events.length + 1
  const made = { events, firstSeq, atMs }
  const status = statusOf(running)
  const { documents } = running
  const budgets = running.charges
  running.documents = none
  running.charges = none
  let start: ExecutionRow | null = null
  let change: StatusChange | null = null
  if (!running.isRecorded) {
    running.isRecorded = true
    start = { ...row, status, startedAtMs: state.startedAtMs, endedAtMs: state.endedAtMs }
  } else if (status !== running.status) {
    change = { execution: row.execution, status, endedAtMs: state.endedAtMs }
  }
  running.status = status
  let journalRow: JournalRow | null = null
  if (events.length > 0) {
    const payload = encodeRow(atMs, events)
    journalRow = { execution: row.execution, seq: firstSeq, count: events.length, payload }
  }
  return {
    running,
    events,
    firstSeq,
    commands,
    flushed,
    documents,
    start,
    row: journalRow,
    status: change,
    deadLetters: letterChanges(running),
    budgets,
    outbox: hasMirrors
      ? [...outboxRows(running.row, made), ...stateRows(running, made)]
      : outboxRows(running.row, made),
    memories: memoryChanges(events, atMs),
  }
}

const none = [] as const

function memoryChanges(events: readonly KernelEvent[], atMs: number): Part['memories'] {
  if (!events.some(({ kind }) => kind === 'MemoryChanged')) return none
  return events.flatMap((event) =>
    event.kind === 'MemoryChanged' ? [{ change: event.change, atMs }] : none,
  )
}

/** What the execution's dead letters are now against those that the journal lists. */
function letterChanges(running: Running): readonly DeadLetterChange[] {
  const { state, letters, row } = running
  if (state.deadLetters.size === 0 && letters.size === 0) return none
  const changes: DeadLetterChange[] = []
  for (const id of letters) if (!state.deadLetters.has(id)) changes.push({ kind: 'close', id })
  for (const { id, stepId, error, atMs } of state.deadLetters.values()) {
    if (!letters.has(id))
      changes.push({ kind: 'open', id, execution: row.execution, stepId, error, atMs })
  }
  if (changes.length > 0) running.letters = letterIds(state)
  return changes
}

function batchOf(parts: readonly Part[]): JournalBatch {
  const documents: { readonly hash: string; readonly text: string }[] = []
  const starts: ExecutionRow[] = []
  const rows: JournalRow[] = []
  const statuses: StatusChange[] = []
  const deadLetters: DeadLetterChange[] = []
  const budgets: BudgetChange[] = []
  const outbox: OutboxRow[] = []
  const memories: MemoryRow[] = []
  for (const part of parts) {
    const { start, row, status } = part
    // Starts of one document mostly come together: its text is given once.
    for (const document of part.documents) {
      if (documents.at(-1)?.hash !== document.hash) documents.push(document)
    }
    if (part.deadLetters.length > 0) deadLetters.push(...part.deadLetters)
    if (part.budgets.length > 0) budgets.push(...part.budgets)
    if (part.outbox.length > 0) outbox.push(...part.outbox)
    if (part.memories.length > 0) memories.push(...part.memories)
    if (start !== null) starts.push(start)
    if (row !== null) rows.push(row)
    if (status !== null) statuses.push(status)
  }
  return { documents, starts, rows, statuses, deadLetters, budgets, outbox, memories }
}

function asOrchestrationError(thrown: unknown): OrchestrationError {
  if (isOrchestrationError(thrown)) return thrown
  return new StateConsistencyError(`recording failed: ${messageOf(thrown)}`, { cause: thrown })
}
