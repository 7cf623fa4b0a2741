/**
 * What is remembered of each key, at most `keysMax` of them: over it the key untouched for longest is
 * forgotten and counted. Times are given in ascending order.
 */
export class KeyedStore<T> {
  readonly #keysMax: number
  /** In the order in which they were last put. */
  readonly #byKey = new Map<string, { readonly value: T; readonly atMs: number }>()
  #evicted = 0

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#byKey.size
  }

  /** Keys that were forgotten for want of room. */
  get evicted(): number {
    return this.#evicted
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key)?.value
  }

  put(key: string, value: T, atMs: number): void {
    this.#byKey.delete(key)
    this.#byKey.set(key, { value, atMs })
    if (this.#byKey.size <= this.#keysMax) return
    const [oldest] = this.#byKey.keys()
    this.#byKey.delete(oldest!)
    this.#evicted++
  }

  delete(key: string): void {
    this.#byKey.delete(key)
  }

  /** Removes the keys that were last put before a time, and gives them oldest first. */
  takeBefore(beforeMs: number): readonly (readonly [key: string, value: T])[] {
    const taken: [string, T][] = []
    for (const [key, { value, atMs }] of this.#byKey) {
      if (atMs >= beforeMs) break
      this.#byKey.delete(key)
      taken.push([key, value])
    }
    return taken
  }
}
