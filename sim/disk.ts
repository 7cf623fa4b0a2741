import { OrchestrationError, StateConsistencyError } from '../src/core/errors.ts'
import type {
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
} from '../src/engine/journal/journal.ts'
import { MemoryJournal } from '../src/engine/journal/memory.ts'

/** What a process that appends meets. */
export type AppendFate = 'commit' | 'crashBefore' | 'crashAfter' | 'full'

/** The file that survives every process: committed batches, and which process may add to it. */
export class Disk {
  store = new MemoryJournal()
  /** Raised by each owner; an older one may not commit any more. */
  epoch = 0
  batches: JournalBatch[] = []

  /**
   * Loses the newest batch, as a power cut may where commits are not forced to disk.
   *
   * @returns the ids of the executions that lost something
   */
  async loseNewest(): Promise<readonly string[]> {
    const lost = this.batches.pop()
    if (lost === undefined) return []
    const touched = new Set([...lost.rows, ...lost.statuses].map((row) => row.execution))
    const rows = this.store.list({ limit: 1_000 }).filter((row) => touched.has(row.execution))
    this.store = new MemoryJournal()
    for (const batch of this.batches) await this.store.append(batch)
    return rows.map((row) => row.executionId)
  }
}

/** One process's way to the disk. */
export class ProcessJournal implements Journal {
  readonly #disk: Disk
  readonly #epoch: number
  readonly #fate: () => AppendFate
  readonly #crash: (point: 'crashBefore' | 'crashAfter') => void
  isDead = false

  constructor(
    disk: Disk,
    hooks: {
      readonly fate: () => AppendFate
      readonly crash: (point: 'crashBefore' | 'crashAfter') => void
    },
  ) {
    this.#disk = disk
    this.#epoch = ++disk.epoch
    this.#fate = hooks.fate
    this.#crash = hooks.crash
  }

  nextExecution(): number {
    return this.#disk.store.nextExecution()
  }

  async append(batch: JournalBatch): Promise<void> {
    if (this.isDead) return never()
    if (this.#epoch !== this.#disk.epoch)
      throw new StateConsistencyError('the file has a newer owner')
    const fate = this.#fate()
    if (fate === 'full')
      throw new OrchestrationError('StorageError', 'the disk is full', { retryable: true })
    if (fate === 'crashBefore') {
      this.#crash(fate)
      return never()
    }
    await this.#disk.store.append(batch)
    this.#disk.batches.push(batch)
    if (fate === 'crashAfter') {
      this.#crash(fate)
      return never()
    }
  }

  find(executionId: string): ExecutionRow | undefined {
    return this.#disk.store.find(executionId)
  }

  list(): readonly ExecutionRow[] {
    return this.#disk.store.list({ limit: 1_000 })
  }

  open(): readonly ExecutionRow[] {
    return this.#disk.store.open()
  }

  rows(execution: number, afterSeq?: number): readonly JournalRow[] {
    return this.#disk.store.rows(execution, afterSeq)
  }

  document(hash: string): string | undefined {
    return this.#disk.store.document(hash)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function never(): Promise<void> {
  return new Promise(() => {})
}
