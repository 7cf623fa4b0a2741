/** Shards of an installation when nothing else is said: as many as partitions of a topic of the mesh. */
export const defaultShards = 12

const seed = 0x9747b28c
const mix = 0x5bd1e995

/**
 * The shard of an execution: its task queue on Temporal, and its partition in a Kafka topic of as many partitions
 * when the execution's id is the key of a record. The same for every process and every release.
 *
 * Source: MurmurHash2 by A. Appleby, as Kafka's default partitioner has it (`Utils.murmur2`, `toPositive`).
 *
 * @param shards at least 1
 */
export function shardOf(executionId: string, shards: number): number {
  return (murmur2(new TextEncoder().encode(executionId)) & 0x7fff_ffff) % shards
}

/** The task queue of a shard. */
export function shardQueue(taskQueue: string, shard: number): string {
  return `${taskQueue}.${shard}`
}

function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = bytes.length - (bytes.length % 4)
  let hash = seed ^ bytes.length
  for (let at = 0; at < whole; at += 4) {
    const word = Math.imul(view.getInt32(at, true), mix)
    hash = Math.imul(hash, mix) ^ Math.imul(word ^ (word >>> 24), mix)
  }
  if (whole < bytes.length) {
    for (let at = bytes.length - 1; at >= whole; at--)
      hash ^= (bytes[at] as number) << (8 * (at - whole))
    hash = Math.imul(hash, mix)
  }
  hash = Math.imul(hash ^ (hash >>> 13), mix)
  return hash ^ (hash >>> 15)
}
