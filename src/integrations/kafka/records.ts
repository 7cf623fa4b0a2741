import type { IncomingRecord } from './event-codec.ts'

/** What a broker sends of one partition, as far as it matters here. */
export interface ReadPartition {
  readonly partitionIndex: number
  readonly abortedTransactions:
    | readonly { readonly producerId: bigint; readonly firstOffset: bigint }[]
    | null
  readonly records?: readonly ReadBatch[] | null
}

interface ReadBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly firstTimestamp: bigint
  readonly attributes: number
  readonly producerId: bigint
  readonly records: readonly {
    readonly offsetDelta: number
    readonly timestampDelta: bigint
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
  }[]
}

/** Bits of a batch's attributes (KIP-98). */
const isTransactional = 0x10
const isControl = 0x20

/**
 * The records of a partition in their order, each with the offset after it; what a transaction has taken back,
 * and the marks of transactions, are null.
 */
export function* recordsOf(
  topic: string,
  { partitionIndex, abortedTransactions, records }: ReadPartition,
): Generator<{ readonly record: IncomingRecord | null; readonly next: bigint }> {
  const aborted = [...(abortedTransactions ?? [])]
  const takenBack = new Set<bigint>()
  for (const batch of records ?? []) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
    for (const { producerId, firstOffset } of aborted)
      if (firstOffset <= batch.firstOffset) takenBack.add(producerId)
    const isMark = (batch.attributes & isControl) !== 0
    if (isMark) {
      takenBack.delete(batch.producerId)
      const ended = aborted.findIndex(({ producerId }) => producerId === batch.producerId)
      if (ended >= 0 && (aborted[ended]?.firstOffset ?? 0n) <= batch.firstOffset)
        aborted.splice(ended, 1)
    }
    const isVoid =
      isMark || ((batch.attributes & isTransactional) !== 0 && takenBack.has(batch.producerId))
    for (const read of isVoid ? [] : batch.records) {
      const offset = batch.firstOffset + BigInt(read.offsetDelta)
      const record = {
        topic,
        partition: partitionIndex,
        offset,
        timestampMs: Number(batch.firstTimestamp + read.timestampDelta),
        key: read.key?.toString('utf8') ?? null,
        value: read.value?.toString('utf8') ?? null,
        headers: headersOf(read.headers),
      }
      yield { record, next: offset + 1n }
    }
    yield { record: null, next: end }
  }
}

function headersOf(
  pairs: readonly (readonly [Buffer | null, Buffer | null])[],
): ReadonlyMap<string, string> {
  return new Map(
    pairs.map(([name, value]) => [name?.toString('utf8') ?? '', value?.toString('utf8') ?? '']),
  )
}
