/**
 * How far each partition is handled: everything before the first offset that is not. What is handled out of
 * turn counts once all before it is.
 */
export class OffsetTracker {
  readonly #partitions = new Map<
    string,
    { readonly open: Set<bigint>; next: bigint; committed: bigint }
  >()

  /** Has these partitions and no others; new ones from the offset up to which they are recorded as handled. */
  assign(from: ReadonlyMap<string, bigint>): void {
    for (const partition of this.#partitions.keys())
      if (!from.has(partition)) this.#partitions.delete(partition)
    for (const [partition, next] of from) {
      if (!this.#partitions.has(partition))
        this.#partitions.set(partition, { open: new Set(), next, committed: next })
    }
  }

  read(partition: string, offset: bigint): void {
    const of = this.#partitions.get(partition)
    if (of === undefined) return
    of.open.add(offset)
    if (offset >= of.next) of.next = offset + 1n
  }

  handled(partition: string, offset: bigint): void {
    this.#partitions.get(partition)?.open.delete(offset)
  }

  /** What can be recorded as handled and is not yet: by partition the first offset that is to be read again. */
  due(): ReadonlyMap<string, bigint> {
    const found = new Map<string, bigint>()
    for (const [partition, { open, next, committed }] of this.#partitions) {
      // In order of reading, which is the order of the offsets.
      const [first = next] = open
      if (first > committed) found.set(partition, first)
    }
    return found
  }

  committed(offsets: ReadonlyMap<string, bigint>): void {
    for (const [partition, offset] of offsets) {
      const of = this.#partitions.get(partition)
      if (of !== undefined && offset > of.committed) of.committed = offset
    }
  }
}
