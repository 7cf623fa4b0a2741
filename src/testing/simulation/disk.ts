import { OrchestrationError, StateConsistencyError } from '../../core/errors.ts'
import { type Journal, MemoryJournal } from '../../engine/index.ts'

/** Everything that one turn of the event loop records. */
export type Batch = Parameters<Journal['append']>[0]
type Policy = Parameters<Journal['prune']>[0]

/** What a process that appends meets. */
export type AppendFate = 'commit' | 'crashBefore' | 'crashAfter' | 'full'

/** The file that survives every process: committed batches, and which process may add to it. */
export class Disk {
  store = new MemoryJournal()
  /** Raised by each owner; an older one may not commit any more. */
  epoch = 0
  batches: Batch[] = []
  /** What retention was told to remove, each with the number of batches before it. */
  #pruned: { readonly after: number; readonly policy: Policy }[] = []
  /** The newest batch was refused because the disk is full. */
  isRefusing = false
  /** Told each batch when it is durable, whether or not its process hears of it. */
  onCommitted: (batch: Batch) => void = () => {}

  /**
   * Loses the newest batch, as a power cut may where commits are not forced to disk.
   *
   * @returns the ids of the executions that lost something
   */
  async loseNewest(): Promise<readonly string[]> {
    const lost = this.batches.pop()
    if (lost === undefined) return []
    this.#pruned = this.#pruned.filter(({ after }) => after <= this.batches.length)
    const touched = new Set([...lost.rows, ...lost.statuses].map((row) => row.execution))
    const rows = this.store.list({ limit: 1_000 }).filter((row) => touched.has(row.execution))
    this.store = new MemoryJournal()
    for (const [place, batch] of this.batches.entries()) {
      await this.#pruneAgain(place)
      await this.store.append(batch)
    }
    await this.#pruneAgain(this.batches.length)
    return rows.map((row) => row.executionId)
  }

  /** Retention removes something, for as long as the disk lasts. */
  prune(policy: Policy): Promise<number> {
    this.#pruned.push({ after: this.batches.length, policy })
    return this.store.prune(policy)
  }

  async #pruneAgain(place: number): Promise<void> {
    for (const { after, policy } of this.#pruned)
      if (after === place) await this.store.prune(policy)
  }
}

export interface ProcessJournalHooks {
  /** Asked once for each append. Default: it commits. */
  readonly fate?: (batch: Batch) => AppendFate
  /** The process ends before or after the batch is durable, and hears nothing of it. */
  readonly crash?: (point: 'crashBefore' | 'crashAfter') => void
}

/** One process's way to the disk: the newest one's appends are taken, until it dies. */
export class ProcessJournal {
  readonly journal: Journal
  readonly #disk: Disk
  readonly #epoch: number
  readonly #hooks: ProcessJournalHooks
  isDead = false

  constructor(disk: Disk, hooks: ProcessJournalHooks = {}) {
    this.#disk = disk
    this.#epoch = ++disk.epoch
    this.#hooks = hooks
    this.journal = journalOver(() => disk.store, {
      append: (batch) => this.#append(batch),
      prune: (policy) => this.#prune(policy),
      close: () => Promise.resolve(),
    })
  }

  #prune(policy: Policy): Promise<number> {
    if (this.isDead) return never()
    if (this.#epoch !== this.#disk.epoch)
      return Promise.reject(new StateConsistencyError('the file has a newer owner'))
    return this.#disk.prune(policy)
  }

  async #append(batch: Batch): Promise<void> {
    const disk = this.#disk
    if (this.isDead) return never()
    if (this.#epoch !== this.#disk.epoch)
      throw new StateConsistencyError('the file has a newer owner')
    const fate = this.#hooks.fate?.(batch) ?? 'commit'
    disk.isRefusing = fate === 'full'
    if (fate === 'full')
      throw new OrchestrationError('StorageError', 'the disk is full', { retryable: true })
    if (fate === 'crashBefore') {
      this.#hooks.crash?.(fate)
      return never()
    }
    await disk.store.append(batch)
    disk.batches.push(batch)
    disk.onCommitted(batch)
    if (fate === 'crashAfter') {
      this.#hooks.crash?.(fate)
      return never()
    }
  }
}

/**
 * The journal that `store` gives at the moment of each call, with some methods replaced: whatever else the
 * port offers goes straight through.
 */
export function journalOver(store: () => Journal, own: Partial<Journal>): Journal {
  return new Proxy(own as Journal, {
    get(_, name) {
      const replaced: unknown = Reflect.get(own, name)
      if (replaced !== undefined) return replaced
      const target = store()
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function never(): Promise<never> {
  return new Promise(() => {})
}
