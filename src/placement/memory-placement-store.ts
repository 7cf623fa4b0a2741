import type { Clock } from '../core/clock.ts'
import { checkBeat, otherShards } from './checked-beat.ts'
import type { Beat, PlacementStore, PlacementView } from './placement-store.ts'

/** The instances of one process, for tests. */
export class MemoryPlacementStore implements PlacementStore {
  readonly #clock: Clock
  readonly #untilMs = new Map<string, number>()
  readonly #holders = new Map<number, string>()
  readonly #tokens = new Map<number, number>()
  #shards = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async beat(beat: Beat): Promise<PlacementView> {
    const { instance, leaseMs, shards, take, release } = checkBeat(beat)
    const nowMs = this.#clock.monotonicMs()
    for (const [member, untilMs] of this.#untilMs)
      if (untilMs <= nowMs) this.#untilMs.delete(member)
    const isAlone = [...this.#untilMs.keys()].every((member) => member === instance)
    if (shards < this.#shards || (shards !== this.#shards && !isAlone))
      throw otherShards(shards, this.#shards)
    this.#shards = shards
    this.#untilMs.set(instance, nowMs + leaseMs)
    for (const shard of release)
      if (this.#holders.get(shard) === instance) this.#holders.delete(shard)
    for (const shard of take) {
      const holder = this.#holders.get(shard)
      if (holder !== undefined && this.#untilMs.has(holder)) continue
      this.#holders.set(shard, instance)
      this.#tokens.set(shard, (this.#tokens.get(shard) ?? 0) + 1)
    }
    return this.#view()
  }

  async leave(instance: string): Promise<void> {
    this.#untilMs.delete(instance)
    for (const [shard, holder] of this.#holders)
      if (holder === instance) this.#holders.delete(shard)
  }

  #view(): PlacementView {
    const holds = [...this.#holders]
      .filter(([, instance]) => this.#untilMs.has(instance))
      .map(([shard, instance]) => ({ shard, instance, token: this.#tokens.get(shard) ?? 0 }))
    return {
      members: [...this.#untilMs.keys()].toSorted(),
      holds: holds.toSorted((a, b) => a.shard - b.shard),
    }
  }
}
