/**
 * What was made or read before, by key, at most so many: over the bound the one unused for longest is
 * dropped. No value is undefined.
 */
export class LruCache<Key, Value> {
  readonly #entriesMax: number
  readonly #onRead: (isHit: boolean) => void
  /** The one unused for longest first. */
  readonly #entries = new Map<Key, Value>()

  /** @param onRead is told of each `get` whether it found something; default nobody is told */
  constructor(entriesMax: number, onRead: (isHit: boolean) => void = () => {}) {
    this.#entriesMax = entriesMax
    this.#onRead = onRead
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    const found = this.#entries.get(key)
    this.#onRead(found !== undefined)
    if (found !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, found)
    }
    return found
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#entriesMax) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  /** What is there under the key, else what `make` gives, kept. */
  getOrMake(key: Key, make: () => Value): Value {
    const found = this.get(key)
    if (found !== undefined) return found
    const made = make()
    this.set(key, made)
    return made
  }
}
