import type { Clock } from '../../core/clock.ts'
import type { Embedder, Embedding } from '../../core/contracts/embedder.ts'
import type { MemoryEntry, MemoryWrite, RecalledEntry } from '../../core/contracts/memory.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { similarity } from '../../core/similarity.ts'
import { isExpired, type MemorySpace, type MemoryStore } from '../../storage/index.ts'
import { RecallIndex } from './recall-index.ts'
import { TopScores } from './top-scores.ts'

export interface MemoriesParts {
  readonly store: MemoryStore
  /** Null: nothing can be recalled by meaning. */
  readonly embedder: Embedder | null
  readonly clock: Clock
}

/** What is looked for. */
export interface RecallOptions {
  readonly limit: number
  /** Default: every one. */
  readonly scoreMin?: number
  readonly matches?: (metadata: JsonObject, entry: MemoryEntry) => boolean
  /** Writes that are not recorded yet, by key: they stand for what is. */
  readonly own?: ReadonlyMap<string, MemoryWrite>
}

/** What all agents of an engine remember: reads of the store, and recall by meaning. */
export class Memories {
  readonly store: MemoryStore
  readonly #embedder: Embedder | null
  readonly #clock: Clock
  readonly #index: RecallIndex | null

  constructor({ store, embedder, clock }: MemoriesParts) {
    this.store = store
    this.#embedder = embedder
    this.#clock = clock
    this.#index = embedder === null ? null : new RecallIndex(store, embedder)
  }

  /** Whether there is an embedder. */
  get canRecall(): boolean {
    return this.#index !== null
  }

  get nowMs(): number {
    return this.#clock.nowMs()
  }

  get(space: MemorySpace, key: string): MemoryEntry | null {
    const found = this.store.get(space, key, this.nowMs)
    return found === null ? null : entryOf(found)
  }

  /** The newest first. */
  list(space: MemorySpace, { limit, matches, own = new Map() }: RecallOptions): MemoryEntry[] {
    const listed: MemoryEntry[] = []
    const take = (entry: MemoryEntry): void => {
      if (matches?.(entry.metadata, entry) ?? true) listed.push(entry)
    }
    for (const write of [...own.values()].toReversed()) {
      const entry = plannedEntry(write)
      if (entry !== null && listed.length < limit) take(entry)
    }
    for (const number of this.store.numbers(space).toReversed()) {
      if (listed.length >= limit) break
      const entry = this.store.entry(number)
      if (entry === null || isExpired(entry, this.nowMs) || own.has(entry.key)) continue
      take(entryOf(entry))
    }
    return listed
  }

  /**
   * The entries whose texts are most like a text, the most alike first; of equals the newest.
   *
   * @throws RefusedError without an embedder; what the embedder throws
   */
  async recall(
    space: MemorySpace,
    text: string,
    options: RecallOptions,
  ): Promise<readonly RecalledEntry[]> {
    const { limit, scoreMin = -1, matches, own = new Map<string, MemoryWrite>() } = options
    if (this.#index === null || this.#embedder === null) throw noEmbedder()
    const planned = [...own.values()].map(plannedEntry).filter((one) => one?.text != null)
    const texts = [text, ...planned.map((one) => one?.text ?? '')]
    const [query, ...vectors] = await this.#embedder.embed(texts)
    const kept = await this.#index.entries(space)
    const top = new TopScores<MemoryEntry>(limit)
    const offer = (entry: MemoryEntry, vector: Embedding): void => {
      const score = similarity(query as Embedding, vector)
      if (score >= scoreMin && top.wants(score) && (matches?.(entry.metadata, entry) ?? true))
        top.add(score, entry)
    }
    for (const [place, entry] of planned.entries())
      if (entry !== null) offer(entry, vectors[place] as Embedding)
    const { nowMs } = this
    for (const { entry, vector } of kept.values())
      if (!isExpired(entry, nowMs) && !own.has(entry.key)) offer(entry, vector)
    return top.sorted().map(({ score, item }) => ({ ...structuredClone(entryOf(item)), score }))
  }
}

/** An entry as its own call sees it before it is recorded; null for one that it forgets. */
export function plannedEntry({ namespace, key, entry }: MemoryWrite): MemoryEntry | null {
  if (entry === undefined) return null
  const { value, text, metadata } = entry
  const times = { createdAtMs: 0, writtenAtMs: 0, expiresAtMs: null }
  return { namespace, key, value, text, metadata, ...times }
}

/** Without what only the store is to know. */
function entryOf(entry: MemoryEntry): MemoryEntry {
  const { namespace, key, value, text, metadata, createdAtMs, writtenAtMs, expiresAtMs } = entry
  return { namespace, key, value, text, metadata, createdAtMs, writtenAtMs, expiresAtMs }
}

function noEmbedder(): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    'recall by meaning needs an embedder, and there is none',
    {
      hint: 'openEngine({ embedder: new HashedEmbedder() }); get and list need none',
    },
  )
}
