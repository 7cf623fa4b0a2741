/**
 * Whether an execution's traces are recorded at this ratio (0 none, 1 all). The answer depends on nothing but the
 * id, so it is the same in every process that drives the execution. Hash: FNV-1a, 32 bits, with the
 * finishing mix of MurmurHash3, because FNV-1a alone leaves the high bits of similar ids alike.
 */
export function isSampled(executionId: string, ratio: number): boolean {
  if (ratio >= 1) return true
  let hash = 0x811c9dc5
  for (let i = 0; i < executionId.length; i++) {
    hash = Math.imul(hash ^ executionId.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296 < ratio
}
