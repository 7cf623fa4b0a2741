import type {
  MemoryAccess,
  MemoryChange,
  MemoryEntry,
  MemoryFilter,
  MemoryWrite,
  RecalledEntry,
  WorkingMemory,
} from '../../core/contracts/memory.ts'
import type { StateAccess } from '../../core/contracts/state.ts'
import { durationMsMax } from '../../core/duration.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { memoryFilter } from '../../core/memory-filter.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import { entryBytes, type MemorySpace } from '../../storage/index.ts'
import { normaliseJson } from '../json-value.ts'
import { type Memories, plannedEntry, type RecallOptions } from './memories.ts'
import { defaultNamespace, type MemoryConfig, memoryName } from './memory-config.ts'
import { workingMemory } from './working-memory.ts'

/** What a call's memory needs of the call. */
export interface CallMemoryParts {
  readonly owner: string
  readonly config: MemoryConfig
  /** Null: there is none beyond the execution. */
  readonly memories: Memories | null
  readonly state: StateAccess
  readonly isEnded: () => boolean
}

interface Named {
  readonly namespace?: string
}

/** What one call reads of its agent's memory and wants written; nothing of it is recorded unless the call completes. */
export class CallMemory implements MemoryAccess {
  readonly working: WorkingMemory
  readonly #parts: CallMemoryParts
  /** By namespace, then by key, in the order of the last writes. */
  readonly #planned = new Map<string, Map<string, MemoryWrite>>()
  /** Where a full namespace refuses what is new: keys that it does not have yet, and bytes, by namespace. */
  readonly #added = new Map<string, { readonly keys: Set<string>; bytes: number }>()
  #bytes = 0

  constructor(parts: CallMemoryParts) {
    this.#parts = parts
    this.working = workingMemory(parts.state)
  }

  put(
    key: string,
    value: unknown,
    options: Named & {
      readonly text?: string | null
      readonly metadata?: JsonObject
      readonly ttlMs?: number
    } = {},
  ): void {
    this.#refuseWhenEnded(key)
    const { config } = this.#parts
    const what = `memory '${named(key, 'key')}'`
    const ttlMs = options.ttlMs ?? config.ttlMs ?? undefined
    if (ttlMs !== undefined && !(ttlMs > 0 && ttlMs <= durationMsMax))
      throw refused(`ttlMs of ${what} must be above 0 and at most ${durationMsMax}`)
    const own = jsonOf(value, what)
    const metadata = jsonOf(options.metadata ?? {}, `metadata of ${what}`)
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
      throw refused(`metadata of ${what} must be an object`)
    const entry = {
      value: own,
      text: textOf(options.text, own, what),
      metadata: metadata as JsonObject,
    }
    const bytes = entryBytes(key, JSON.stringify(entry))
    if (bytes > config.entryBytesMax)
      throw tooMuch(`${what} has ${bytes} bytes`, 'entryBytesMax', config.entryBytesMax)
    const namespace = this.#namespace(options)
    const write = { namespace, key, entry: { ...entry, ...(ttlMs === undefined ? {} : { ttlMs }) } }
    this.#refuseWhenFull(namespace, key, bytes)
    this.#plan(write, bytes)
  }

  async get(key: string, options: Named = {}): Promise<MemoryEntry | null> {
    const space = this.#space(options)
    const planned = this.#planned.get(space.namespace)?.get(named(key, 'key'))
    if (planned !== undefined) return structuredClone(plannedEntry(planned))
    return this.#memories.get(space, key)
  }

  delete(key: string, options: Named = {}): void {
    this.#refuseWhenEnded(key)
    this.#plan({ namespace: this.#namespace(options), key: named(key, 'key') }, 0)
  }

  async recall(
    text: string,
    options: Named & {
      readonly where?: MemoryFilter
      readonly limit?: number
      readonly scoreMin?: number
    } = {},
  ): Promise<readonly RecalledEntry[]> {
    if (typeof text !== 'string') throw refused('what is to be recalled must be a text')
    const { recallLimit, scoreMin } = this.#parts.config
    return this.#memories.recall(this.#space(options), text, {
      ...this.#looking(options, recallLimit, limits.memoryRecallMax),
      scoreMin: options.scoreMin ?? scoreMin,
    })
  }

  async list(
    options: Named & { readonly where?: MemoryFilter; readonly limit?: number } = {},
  ): Promise<readonly MemoryEntry[]> {
    const looking = this.#looking(options, 100, limits.memoryListMax)
    return structuredClone(this.#memories.list(this.#space(options), looking))
  }

  async namespaces(): Promise<readonly string[]> {
    const { owner } = this.#parts
    const memories = this.#memories
    return memories.store.namespaces(owner, memories.nowMs)
  }

  /** What is to be recorded when the call completes; undefined when there is nothing. */
  get change(): MemoryChange | undefined {
    if (this.#planned.size === 0) return undefined
    const { owner, config } = this.#parts
    const { entriesMax, bytesMax } = config
    const writes = [...this.#planned.values()].flatMap((ofKeys) => [...ofKeys.values()])
    return { owner, entriesMax, bytesMax, writes }
  }

  #looking(
    { namespace = defaultNamespace, where, limit }: Parameters<MemoryAccess['list']>[0] & object,
    limitDefault: number,
    most: number,
  ): RecallOptions {
    const wanted = limit ?? limitDefault
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > most)
      throw refused(`limit must be a whole number from 1 to ${most}, not ${String(limit)}`)
    const own = this.#planned.get(namespace)
    return {
      limit: wanted,
      ...(where === undefined ? {} : { matches: memoryFilter(where) }),
      ...(own === undefined ? {} : { own }),
    }
  }

  #refuseWhenEnded(key: string): void {
    if (!this.#parts.isEnded()) return
    const message = `memory '${key}' was written after the call ended`
    throw new OrchestrationError('UsageError', message)
  }

  #refuseWhenFull(namespace: string, key: string, bytes: number): void {
    const { owner, config } = this.#parts
    const { store, nowMs } = this.#memories
    const planned = this.#planned.get(namespace)
    const space = { owner, namespace }
    const use = store.use(space)
    if (use.entries === 0 && planned === undefined) this.#refuseNamespace(namespace)
    if (config.eviction !== 'refuse') return
    const added = this.#added.get(namespace) ?? { keys: new Set<string>(), bytes: 0 }
    const isNew = !added.keys.has(key) && store.get(space, key, nowMs) === null
    const where = `memory '${namespace}' of agent '${owner}' is full`
    if (use.entries + added.keys.size + (isNew ? 1 : 0) > config.entriesMax)
      throw tooMuch(where, 'entriesMax', config.entriesMax)
    if (use.bytes + added.bytes + bytes > config.bytesMax)
      throw tooMuch(where, 'bytesMax', config.bytesMax)
    if (isNew) added.keys.add(key)
    added.bytes += bytes
    this.#added.set(namespace, added)
  }

  #refuseNamespace(namespace: string): void {
    const { owner } = this.#parts
    const { store, nowMs } = this.#memories
    const most = limits.memoryNamespacesMax
    if (store.namespaces(owner, nowMs).length + this.#planned.size < most) return
    throw tooMuch(
      `agent '${owner}' has no room for namespace '${namespace}'`,
      'memoryNamespacesMax',
      most,
    )
  }

  #plan(write: MemoryWrite, bytes: number): void {
    if (this.#bytes + bytes > limits.payloadBytesMax)
      throw tooMuch(
        'the call writes too many bytes of memory',
        'payloadBytesMax',
        limits.payloadBytesMax,
      )
    const ofKeys = this.#planned.get(write.namespace) ?? new Map<string, MemoryWrite>()
    if (!ofKeys.has(write.key) && ofKeys.size >= limits.memoryWritesMax)
      throw tooMuch(
        'the call writes too many keys of memory',
        'memoryWritesMax',
        limits.memoryWritesMax,
      )
    this.#bytes += bytes
    ofKeys.delete(write.key)
    ofKeys.set(write.key, write)
    this.#planned.set(write.namespace, ofKeys)
  }

  #space(options: Named): MemorySpace {
    return { owner: this.#parts.owner, namespace: this.#namespace(options) }
  }

  #namespace({ namespace = defaultNamespace }: Named): string {
    const { owner, config } = this.#parts
    named(namespace, 'namespace')
    if (config.namespaces === null || config.namespaces.includes(namespace)) return namespace
    const hint = nearestOrAll(namespace, config.namespaces)
    throw refused(
      `agent '${owner}' has no memory '${namespace}' (memoryConfig.namespaces)`,
      hint ?? undefined,
    )
  }

  get #memories(): Memories {
    const { memories } = this.#parts
    if (memories !== null) return memories
    throw new OrchestrationError(
      'RefusedError',
      'this call is made outside of an engine: nothing is remembered',
      {
        hint: 'ctx.memory.working and ctx.state are there',
      },
    )
  }
}

function named(name: unknown, what: string): string {
  if (memoryName.safeParse(name).success) return name as string
  throw refused(`a ${what} of memory is a text of 1 to 200 characters without control characters`)
}

function textOf(text: unknown, value: JsonValue, what: string): string | null {
  if (text === undefined) return typeof value === 'string' ? value : JSON.stringify(value)
  if (text === null || typeof text === 'string') return text
  throw refused(`text of ${what} must be a text, or null`)
}

function jsonOf(value: unknown, what: string): JsonValue {
  const bytesMax = limits.payloadBytesMax
  return normaliseJson(value, { what, bytesMax, code: 'InputError', retryable: false })
}

function refused(message: string, hint?: string): OrchestrationError {
  return new OrchestrationError('InputError', message, hint === undefined ? {} : { hint })
}

function tooMuch(message: string, limit: string, max: number): ResourceExhaustionError {
  return new ResourceExhaustionError(`${message}; ${limit} is ${max}`, { details: { limit, max } })
}
