/** A source of numbers in [0, 1). */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/** A repeatable source: the same seed gives the same numbers (mulberry32, T. Ettinger, public domain). */
export function seededRandom(seed: number): Random {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
