import {
  BaseStore,
  type GetOperation,
  getTextAtPath,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from '@langchain/langgraph-checkpoint'
import {
  type Memories,
  memoryConfig,
  type MemoryConfig,
  normaliseJson,
} from '../../../agents/index.ts'
import type { MemoryEntry, MemoryFilter, MemoryWrite } from '../../../core/contracts/memory.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../../core/json.ts'
import { limits } from '../../../core/limits.ts'
import { memoryFilter } from '../../../core/memory-filter.ts'
import { checkedNamespace, listedNamespaces, namespaceText } from './store-namespace.ts'

export interface StoreOptions {
  /** What an engine's agents remember: `engine.memories`. */
  readonly memories: Memories
  /** Whose memory it is: an agent's id, or any name for one of its own. */
  readonly owner: string
  /** Limits and time to live; default those of an agent with any namespace. */
  readonly config?: MemoryConfig
}

/**
 * LangGraph's `BaseStore` over what an agent remembers. A namespace's labels are joined by dots. What a batch
 * puts is one commit, made after what it reads; writes are by key, so that a node which is executed anew writes
 * the same. Text is embedded by the engine's embedder; without one a query is passed over.
 */
export class AuraStore extends BaseStore {
  readonly #memories: Memories
  readonly #owner: string
  readonly #config: MemoryConfig

  constructor({ memories, owner, config }: StoreOptions) {
    super()
    this.#memories = memories
    this.#owner = owner
    this.#config = config ?? memoryConfig({ namespaces: null })
  }

  /**
   * @throws InputError for a wrong namespace, key, value or filter; ResourceExhaustionError over `entryBytesMax`;
   *   StorageError. Nothing of the batch is written then
   */
  override async batch<Operations extends Operation[]>(
    operations: Operations,
  ): Promise<OperationResults<Operations>> {
    const writes = operations.flatMap((one) => ('value' in one ? [this.#writeOf(one)] : []))
    const results: unknown[] = []
    for (const one of operations) results.push('value' in one ? null : await this.#read(one))
    if (writes.length > 0) {
      const { entriesMax, bytesMax } = this.#config
      const change = { owner: this.#owner, entriesMax, bytesMax, writes }
      this.#memories.store.change(change, this.#memories.nowMs)
    }
    return results as OperationResults<Operations>
  }

  #read(
    one: GetOperation | SearchOperation | ListNamespacesOperation,
  ): Item | null | string[][] | Promise<SearchItem[]> {
    if ('key' in one) {
      const namespace = namespaceText(one.namespace)
      const found = this.#memories.get({ owner: this.#owner, namespace }, one.key)
      return found === null ? null : itemOf(found)
    }
    if ('namespacePrefix' in one) return this.#search(one)
    return listedNamespaces(this.#namespaces(), one)
  }

  async #search(asked: SearchOperation): Promise<SearchItem[]> {
    const { namespacePrefix, filter, query, limit = 10, offset = 0 } = asked
    const most = limit + offset
    if (!Number.isInteger(most) || limit < 1 || offset < 0 || most > limits.memoryListMax)
      throw refused(`limit and offset are whole numbers, at most ${limits.memoryListMax} together`)
    const prefix = checkedNamespace(namespacePrefix)
    const passes = memoryFilter(filter as MemoryFilter | undefined)
    const matches = (_: JsonObject, { value }: MemoryEntry): boolean =>
      passes(isJsonObject(value) ? value : {})
    const found: (MemoryEntry & { readonly score?: number })[] = []
    for (const labels of this.#namespaces()) {
      if (!prefix.every((label, place) => labels[place] === label)) continue
      const space = { owner: this.#owner, namespace: labels.join('.') }
      const options = { limit: most, matches }
      const isRanked = query !== undefined && this.#memories.canRecall
      found.push(
        ...(isRanked
          ? await this.#memories.recall(space, query, options)
          : this.#memories.list(space, options)),
      )
    }
    return found
      .toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0) || b.writtenAtMs - a.writtenAtMs)
      .slice(offset, most)
      .map((entry) => ({
        ...itemOf(entry),
        ...(entry.score === undefined ? {} : { score: entry.score }),
      }))
  }

  #namespaces(): readonly (readonly string[])[] {
    const { store, nowMs } = this.#memories
    return store.namespaces(this.#owner, nowMs).map((namespace) => namespace.split('.'))
  }

  #writeOf({ namespace, key, value, index }: PutOperation): MemoryWrite {
    const place = { namespace: namespaceText(namespace), key: checkedKey(key) }
    if (value === null) return place
    const { entryBytesMax, ttlMs } = this.#config
    const what = `'${key}' of ${place.namespace}`
    const own = normaliseJson(value, {
      what,
      bytesMax: entryBytesMax,
      code: 'InputError',
      retryable: false,
    })
    if (!isJsonObject(own)) throw refused(`the value of ${what} is no object`)
    const ttl = ttlMs === null ? {} : { ttlMs }
    const entry = { value: own, text: textOf(own, index), metadata: {}, ...ttl }
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + Buffer.byteLength(key)
    if (bytes <= entryBytesMax) return { ...place, entry }
    throw new ResourceExhaustionError(
      `${what} has ${bytes} bytes; entryBytesMax is ${entryBytesMax}`,
      { details: { limit: 'entryBytesMax', max: entryBytesMax } },
    )
  }
}

function textOf(value: JsonObject, index: PutOperation['index']): string | null {
  if (index === false) return null
  if (index === undefined) return JSON.stringify(value)
  return index.flatMap((path) => getTextAtPath(value, path)).join('\n')
}

function itemOf({ namespace, key, value, createdAtMs, writtenAtMs }: MemoryEntry): Item {
  return {
    namespace: namespace.split('.'),
    key,
    value: structuredClone(value) as Record<string, unknown>,
    createdAt: new Date(createdAtMs),
    updatedAt: new Date(writtenAtMs),
  }
}

function checkedKey(key: unknown): string {
  if (typeof key === 'string' && /^[^\p{Cc}]{1,200}$/u.test(key)) return key
  throw refused('a key is a text of 1 to 200 characters without control characters')
}

function refused(message: string): OrchestrationError {
  return new OrchestrationError('InputError', message)
}
