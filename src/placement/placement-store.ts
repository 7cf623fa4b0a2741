/** That an instance has a shard. */
export interface ShardHold {
  readonly shard: number
  readonly instance: string
  /** Rises with every grant of this shard, so that a later holder is told from an earlier one. */
  readonly token: number
}

/** Who is there, and who has what. */
export interface PlacementView {
  /** The instances whose lease has not run out, sorted. */
  readonly members: readonly string[]
  /** What they hold, by shard. What a dead instance held is free. */
  readonly holds: readonly ShardHold[]
}

/** An instance says that it lives, and what it takes and gives up. */
export interface Beat {
  /** Different for every process that ever asks. */
  readonly instance: string
  /** How long its lease, and with it everything it holds, lasts from now on. */
  readonly leaseMs: number
  /** Shards of the installation; all its instances say the same number. */
  readonly shards: number
  /** Shards that it takes; those that a living instance holds are passed over. */
  readonly take: readonly number[]
  /** Shards that it gives up; those that it does not hold are passed over. */
  readonly release: readonly number[]
}

/**
 * The instances of an installation and the shards that they hold. One change happens as a whole. An instance whose
 * lease ran out keeps what nobody has taken meanwhile, under the same token.
 *
 * @throws each method: StorageError (retryable) when the store is out of reach; InputError for a bad name or number
 */
export interface PlacementStore {
  /**
   * Gives the lease its whole time again, or a new one.
   *
   * @returns how things stand afterwards
   * @throws RefusedError when the installation has another number of shards: it may grow while nobody is there, and
   *   never shrinks
   */
  beat(beat: Beat): Promise<PlacementView>
  /** Ends the lease and gives up everything. */
  leave(instance: string): Promise<void>
}
