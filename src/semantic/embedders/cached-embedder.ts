import { hash } from 'node:crypto'
import type { Embedder, Embedding } from '../../core/contracts/embedder.ts'
import type { Telemetry } from '../../core/contracts/telemetry.ts'
import { LruCache } from '../../core/lru-cache.ts'

const entriesMaxDefault = 1_000

/**
 * An embedder that remembers the embeddings of the texts it was asked last, by the other one's id: when that has
 * another model, it is asked again. What it gives is shared and must not be changed.
 */
export class CachedEmbedder implements Embedder {
  readonly #embedder: Embedder
  readonly #known: LruCache<string, Embedding>

  /**
   * @param options.entriesMax texts that are remembered; default 1,000
   * @param options.telemetry is told of each text whether it was known, as the cache `embeddings`; default nobody
   */
  constructor(
    embedder: Embedder,
    options: {
      readonly entriesMax?: number
      readonly telemetry?: Pick<Telemetry, 'cacheRead'>
    } = {},
  ) {
    const { entriesMax = entriesMaxDefault, telemetry } = options
    this.#embedder = embedder
    this.#known = new LruCache(entriesMax, (isHit) => telemetry?.cacheRead('embeddings', isHit))
  }

  get id(): string {
    return this.#embedder.id
  }

  get dimensions(): number | null {
    return this.#embedder.dimensions
  }

  /** @throws what the other one throws; nothing is remembered then */
  async embed(texts: readonly string[]): Promise<readonly Embedding[]> {
    const { id } = this
    const keys = texts.map((text) => hash('sha256', `${id}\n${text}`, 'base64'))
    const found = new Map(keys.map((key) => [key, this.#known.get(key)]))
    const missing = new Map(
      keys.flatMap((key, place) => (found.get(key) ? [] : [[key, texts[place] ?? '']])),
    )
    const made = missing.size === 0 ? [] : await this.#embedder.embed([...missing.values()])
    for (const [place, key] of [...missing.keys()].entries()) {
      const embedding = made[place] as Embedding
      this.#known.set(key, embedding)
      found.set(key, embedding)
    }
    return keys.map((key) => found.get(key) as Embedding)
  }
}
