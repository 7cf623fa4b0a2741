import { type Clock, systemClock } from '../../core/clock.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import type { AgentRegistry } from '../../agents/index.ts'
import {
  closeParts,
  openParts,
  type OpenWorkerOptions,
  openWorkerOn,
  type TemporalWorker,
} from './open-worker.ts'

export interface OpenShardWorkersOptions extends Omit<OpenWorkerOptions, 'taskQueue'> {
  /** Names what the shards are those of: its executions bound one another by `concurrency`. */
  readonly installation: string
  /** The task queue of a shard. */
  readonly queueOf: (shard: number) => string
  /**
   * Whether a call may begin here for a shard: `Placement.mayBegin`. One that may not is lost to this process, and
   * whoever has the shard now goes on with it.
   */
  readonly mayBegin: (shard: number) => Promise<boolean>
}

/**
 * The workers of an instance: one for the task queue of each shard that it holds. They share agents and connection.
 * One that stops by a fault is opened again after 1,000 ms, and twice as late each time up to 30 s while faults
 * follow one another, for as long as its shard is wanted.
 */
export interface ShardWorkers {
  /** The shards to work for from now on; others are left, and what was begun for them ends within `graceMs`. */
  serve(shards: readonly number[]): void
  /** Resolves when the workers are as the last `serve` wants them. */
  settled(): Promise<void>
  readonly agents: Pick<AgentRegistry, 'list'>
  /** Takes nothing more, and stops the agents. */
  close(): Promise<void>
}

/** How long a worker is not tried again after it could not be opened, or stopped by a fault: at first, and at most. */
const againMs = 1_000
const againMsMax = 30_000

/** Connects and starts the agents; no worker is there before `serve`. @throws as `openTemporalWorker` */
export async function openShardWorkers(options: OpenShardWorkersOptions): Promise<ShardWorkers> {
  const { installation } = options
  const parts = await openParts(options)
  const rows = new Map<number, ShardRow>()
  const rowOf = (shard: number): ShardRow => {
    const known = rows.get(shard)
    if (known !== undefined) return known
    const mayBegin = async (): Promise<void> => {
      if (!(await options.mayBegin(shard))) throw lostShard(shard)
    }
    const taskQueue = options.queueOf(shard)
    const open = (): Promise<TemporalWorker> =>
      openWorkerOn({ ...options, taskQueue }, { ...parts, mayBegin, installation })
    const row = new ShardRow({ shard, open, options })
    rows.set(shard, row)
    return row
  }
  const settled = async (): Promise<void> => {
    await Promise.all([...rows.values()].map((row) => row.settled))
  }
  return {
    agents: parts.agents,
    settled,
    serve(shards) {
      for (const shard of shards) rowOf(shard).want(true)
      for (const [shard, row] of rows) if (!shards.includes(shard)) row.want(false)
    },
    async close() {
      for (const row of rows.values()) row.want(false)
      await settled()
      await closeParts(parts)
    },
  }
}

interface ShardRowParts {
  readonly shard: number
  readonly open: () => Promise<Pick<TemporalWorker, 'stopped' | 'close'>>
  readonly options: Pick<OpenShardWorkersOptions, 'clock' | 'logger'>
}

/** The worker of one shard: there, or not; one change after the other. One that stops by a fault is opened again. */
export class ShardRow {
  settled: Promise<void> = Promise.resolve()
  readonly #parts: ShardRowParts
  #isWanted = false
  #worker: Pick<TemporalWorker, 'stopped' | 'close'> | null = null
  #againMs = againMs

  constructor(parts: ShardRowParts) {
    this.#parts = parts
  }

  want(isWanted: boolean): void {
    if (this.#isWanted === isWanted) return
    this.#isWanted = isWanted
    this.settled = this.settled.then(() => this.#change())
  }

  /** Never rejects. */
  async #change(): Promise<void> {
    const { shard, open, options } = this.#parts
    const { clock = systemClock, logger = silentLogger } = options
    while (this.#isWanted && this.#worker === null) {
      try {
        this.#worker = await open()
        this.#watch(this.#worker)
      } catch (thrown) {
        logger.log('warn', `no worker for shard ${shard} yet: ${messageOf(thrown)}`)
        await this.#pause(clock)
      }
    }
    if (this.#isWanted || this.#worker === null) return
    const worker = this.#worker
    this.#worker = null
    await worker.close().catch((thrown: unknown) => {
      logger.log('warn', `the worker of shard ${shard} ended with a fault: ${messageOf(thrown)}`)
    })
  }

  /** Whoever closes a worker hears of its fault there; here it is one that was to go on. */
  #watch(worker: Pick<TemporalWorker, 'stopped' | 'close'>): void {
    const { shard, options } = this.#parts
    const { clock = systemClock, logger = silentLogger } = options
    const openedAtMs = clock.monotonicMs()
    worker.stopped.catch((thrown: unknown) => {
      if (this.#worker !== worker) return
      logger.log('error', `the worker of shard ${shard} stopped: ${messageOf(thrown)}`)
      this.#worker = null
      if (clock.monotonicMs() - openedAtMs > againMsMax) this.#againMs = againMs
      this.settled = this.settled.then(() => this.#pause(clock)).then(() => this.#change())
    })
  }

  #pause(clock: Clock): Promise<void> {
    const ms = this.#againMs
    this.#againMs = Math.min(2 * ms, againMsMax)
    return new Promise((resolve) => clock.after(ms, resolve))
  }
}

function lostShard(shard: number): OrchestrationError {
  return new OrchestrationError(
    'StateConsistencyError',
    `shard ${shard} belongs to another instance now: it goes on with the call`,
  )
}
