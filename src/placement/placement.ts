import type { Clock } from '../core/clock.ts'
import { isOrchestrationError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { placeShards } from './place-shards.ts'
import type { PlacementStore, PlacementView } from './placement-store.ts'

export interface PlacementOptions {
  readonly store: PlacementStore
  /** Names this process; no other one has ever had that name. */
  readonly instance: string
  readonly shards: number
  /** How long an instance that says nothing keeps its shards. Default 5,000. */
  readonly leaseMs?: number
  readonly clock: Clock
  readonly logger: Logger
  /** Hears which shards this instance holds, whenever that changes. */
  readonly onHolds: (shards: readonly number[]) => void
}

export const defaultLeaseMs = 5_000
/** An instance says so many times within its lease that it lives. */
const beatsPerLease = 4

/**
 * What one instance holds of an installation's shards.
 *
 * joining → it is a member and has looked who else is there, and takes nothing yet → holding: with each beat it
 * takes what is free and meant for it, and gives up what is meant for others. A lease that ran out unnoticed (the
 * process stood still, the store was away) → joining, with what nobody has taken. `stop` → gone.
 */
export class Placement {
  readonly #options: Required<PlacementOptions>
  #view: PlacementView = { members: [], holds: [] }
  /** By this process's clock, and never later than by the store's. */
  #untilMs = -Infinity
  #wanted: { readonly take: readonly number[]; readonly release: readonly number[] } = nothing
  #held: readonly number[] = []
  /** Given up by its own will: what was begun for them may be finished. */
  readonly #handedOver = new Set<number>()
  #waiting: (() => void)[] = []
  #cancelBeat = (): void => {}
  #isAway = false
  #isStopped = false

  constructor(options: PlacementOptions) {
    this.#options = { leaseMs: defaultLeaseMs, ...options }
  }

  /** Joins. @throws as `PlacementStore.beat` */
  async start(): Promise<void> {
    await this.#beat()
    this.#beatLater()
  }

  /** Who is there and who has what, as this instance heard last. */
  get view(): PlacementView {
    return this.#view
  }

  /** Whether its lease holds now; false while the store is away for longer than the lease. */
  get isCurrent(): boolean {
    return this.#options.clock.monotonicMs() < this.#untilMs
  }

  /**
   * Whether something may begin here for a shard. While the lease has run out it waits for the answer: only the
   * store knows whether another instance has the shard now.
   */
  async mayBegin(shard: number): Promise<boolean> {
    while (!this.isCurrent && !this.#isStopped)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.#held.includes(shard) || this.#handedOver.has(shard)
  }

  /** Gives everything up; what was begun may be finished. Never rejects: the lease runs out by itself. */
  async stop(): Promise<void> {
    const { store, instance, logger } = this.#options
    this.#isStopped = true
    this.#cancelBeat()
    for (const shard of this.#held) this.#handedOver.add(shard)
    this.#hold([])
    this.#wake()
    await store.leave(instance).catch((thrown: unknown) => {
      logger.log('warn', `the shards are given up when the lease runs out: ${messageOf(thrown)}`)
    })
  }

  #beatLater(): void {
    const { clock, leaseMs } = this.#options
    this.#cancelBeat = clock.after(leaseMs / beatsPerLease, () => void this.#beatAgain())
  }

  async #beatAgain(): Promise<void> {
    const { logger } = this.#options
    try {
      await this.#beat()
      if (this.#isAway) logger.log('info', 'the placement store answers again', {})
      this.#isAway = false
    } catch (thrown) {
      const level = isOrchestrationError(thrown) && thrown.retryable ? 'warn' : 'error'
      if (!this.#isAway) logger.log(level, `no word from the placement store: ${messageOf(thrown)}`)
      this.#isAway = true
    }
    if (!this.#isStopped) this.#beatLater()
  }

  async #beat(): Promise<void> {
    const { store, instance, shards, leaseMs, clock } = this.#options
    for (;;) {
      const sentMs = clock.monotonicMs()
      // Others whose leases ran out together with this one come back first: all then find what was theirs.
      const isJoining = sentMs >= this.#untilMs
      const wanted = isJoining ? nothing : this.#wanted
      const view = await store.beat({ instance, leaseMs, shards, ...wanted })
      if (this.#isStopped) return
      this.#untilMs = sentMs + leaseMs
      this.#take(view)
      this.#wake()
      if (isJoining || this.#wanted === nothing) return
    }
  }

  #take(view: PlacementView): void {
    const { instance, shards } = this.#options
    const holders = new Map(view.holds.map((hold) => [hold.shard, hold.instance]))
    const meant = placeShards(shards, view.members, holders)
    const every = [...meant.keys()]
    const take = every.filter((shard) => meant[shard] === instance && !holders.has(shard))
    const release = every.filter(
      (shard) => meant[shard] !== instance && holders.get(shard) === instance,
    )
    this.#view = view
    this.#wanted = take.length + release.length === 0 ? nothing : { take, release }
    for (const shard of release) this.#handedOver.add(shard)
    this.#hold(
      every.filter((shard) => holders.get(shard) === instance && meant[shard] === instance),
    )
  }

  #hold(shards: readonly number[]): void {
    for (const shard of shards) this.#handedOver.delete(shard)
    if (shards.join() === this.#held.join()) return
    this.#held = shards
    this.#options.onHolds(shards)
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

const nothing = { take: [], release: [] } as const
