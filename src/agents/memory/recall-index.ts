import type { Embedder, Embedding } from '../../core/contracts/embedder.ts'
import { limits } from '../../core/limits.ts'
import type { MemorySpace, MemoryStore, StoredMemory } from '../../storage/index.ts'

/** An entry with the embedding of its text. */
export interface IndexedEntry {
  readonly entry: StoredMemory
  readonly vector: Embedding
}

interface Kept {
  revision: number
  readonly entries: Map<number, IndexedEntry>
  /** Numbers of entries without a text. */
  readonly silent: Set<number>
}

/** Texts that are embedded together. */
const batchSize = 256

/**
 * The entries of namespaces with their embeddings, in memory while they are used: over
 * `memoryIndexedMax` entries the namespace that was asked for longest ago is let go. Embeddings that are
 * missing are made when somebody asks, and kept in the file.
 */
export class RecallIndex {
  readonly #store: MemoryStore
  readonly #embedder: Embedder
  /** By namespace, the one that was asked for last at the end. */
  readonly #kept = new Map<string, Kept>()
  readonly #loading = new Map<string, Promise<Kept>>()

  constructor(store: MemoryStore, embedder: Embedder) {
    this.#store = store
    this.#embedder = embedder
  }

  /** Every entry of a namespace that has a text, the oldest first. */
  async entries(space: MemorySpace): Promise<ReadonlyMap<number, IndexedEntry>> {
    const name = `${space.owner}\n${space.namespace}`
    const before = this.#loading.get(name) ?? Promise.resolve(this.#kept.get(name))
    const loading = before.catch(() => undefined).then((kept) => this.#current(space, kept))
    this.#loading.set(name, loading)
    try {
      const kept = await loading
      this.#keep(name, kept)
      return kept.entries
    } finally {
      if (this.#loading.get(name) === loading) this.#loading.delete(name)
    }
  }

  async #current(space: MemorySpace, before: Kept | undefined): Promise<Kept> {
    const kept = before ?? { revision: -1, entries: new Map(), silent: new Set() }
    const revision = this.#store.revision(space)
    if (kept.revision === revision) return kept
    const numbers = new Set(this.#store.numbers(space))
    for (const number of kept.entries.keys()) if (!numbers.has(number)) kept.entries.delete(number)
    for (const number of kept.silent) if (!numbers.has(number)) kept.silent.delete(number)
    const fresh: StoredMemory[] = []
    for (const number of numbers) {
      if (kept.entries.has(number) || kept.silent.has(number)) continue
      const entry = this.#store.entry(number)
      if (entry === null) continue
      if (entry.text === null) kept.silent.add(number)
      else fresh.push(entry)
    }
    for (let from = 0; from < fresh.length; from += batchSize)
      await this.#embed(kept, fresh.slice(from, from + batchSize))
    kept.revision = revision
    return kept
  }

  async #embed({ entries }: Kept, fresh: readonly StoredMemory[]): Promise<void> {
    const { id } = this.#embedder
    const known = new Map(fresh.map(({ number }) => [number, this.#store.vector(number, id)]))
    const missing = fresh.filter(({ number }) => known.get(number) === null)
    const texts = missing.map(({ text }) => text ?? '')
    const made = texts.length === 0 ? [] : await this.#embedder.embed(texts)
    const vectors = new Map(missing.map(({ number }, place) => [number, made[place] as Embedding]))
    this.#store.keepVectors(id, vectors)
    for (const entry of fresh) {
      const vector = known.get(entry.number) ?? vectors.get(entry.number)
      if (vector !== undefined) entries.set(entry.number, { entry, vector })
    }
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    let count = 0
    for (const { entries } of this.#kept.values()) count += entries.size
    for (const [other, { entries }] of this.#kept) {
      if (count <= limits.memoryIndexedMax || other === name) break
      this.#kept.delete(other)
      count -= entries.size
    }
  }
}
