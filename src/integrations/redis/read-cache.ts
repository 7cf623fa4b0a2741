/**
 * Fields of hashes that were read, each until the server says that its hash was changed. Over the limit the hash
 * unused for longest is dropped, all its fields with it.
 */
export class ReadCache {
  /** The least recently used first. */
  readonly #hashes = new Map<string, Map<string, string | null>>()
  readonly #fieldsMax: number
  readonly #onRead: (isHit: boolean) => void
  #size = 0
  /** Answers that were asked for before this changed may be old. */
  #changes = 0

  constructor(fieldsMax: number, onRead: (isHit: boolean) => void = () => {}) {
    this.#fieldsMax = fieldsMax
    this.#onRead = onRead
  }

  /** Fields that are kept. */
  get size(): number {
    return this.#size
  }

  /** The field from here, else as `load` gives it. */
  async field(
    hash: string,
    name: string,
    load: () => Promise<string | null>,
  ): Promise<string | null> {
    const fields = this.#hashes.get(hash)
    const known = fields?.get(name)
    if (fields !== undefined && known !== undefined) {
      this.#onRead(true)
      this.#hashes.delete(hash)
      this.#hashes.set(hash, fields)
      return known
    }
    this.#onRead(false)
    const changes = this.#changes
    const value = await load()
    if (changes === this.#changes) this.#keep(hash, name, value)
    return value
  }

  /** Forgets a hash; null for all. */
  forget(hash: string | null): void {
    this.#changes++
    if (hash === null) {
      this.#hashes.clear()
      this.#size = 0
      return
    }
    this.#size -= this.#hashes.get(hash)?.size ?? 0
    this.#hashes.delete(hash)
  }

  #keep(hash: string, name: string, value: string | null): void {
    const fields = this.#hashes.get(hash) ?? new Map<string, string | null>()
    if (!fields.has(name)) this.#size++
    fields.set(name, value)
    this.#hashes.delete(hash)
    this.#hashes.set(hash, fields)
    while (this.#size > this.#fieldsMax) {
      const [oldest, dropped] = this.#hashes.entries().next().value as [string, typeof fields]
      this.#hashes.delete(oldest)
      this.#size -= dropped.size
    }
  }
}
