import type { StateAccess, StateWrite } from '../core/contracts/state.ts'
import { durationMsMax } from '../core/duration.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import { writableStateKey } from '../core/state-key.ts'
import { normaliseJson } from './json-value.ts'

/** Reads the recorded state of a call's execution; null when there is no such entry. */
export interface ReadState {
  (key: string): { readonly value: JsonValue; readonly version: number } | null
  /** It reads what was there when the attempt began, not what is there now: an update expects that nobody wrote since. */
  readonly isOfTheStart?: true
}

type Planned =
  | { readonly kind: 'write'; readonly write: StateWrite }
  | { readonly kind: 'update'; readonly change: (value: JsonValue) => unknown }

/** What one call reads and wants written; nothing of it is recorded unless the call completes. */
export class StateBuffer implements StateAccess {
  readonly #read: ReadState
  readonly #isEnded: () => boolean
  readonly #planned = new Map<string, Planned[]>()

  constructor(read: ReadState, isEnded: () => boolean) {
    this.#read = read
    this.#isEnded = isEnded
  }

  async get(key: string): Promise<JsonValue> {
    return (await this.entry(key))?.value ?? null
  }

  entry(key: string): Promise<{ readonly value: JsonValue; readonly version: number } | null> {
    try {
      const own = this.#valueOf(key)
      const recorded = this.#read(key)
      if (own === undefined) return Promise.resolve(null)
      const version = recorded?.version ?? 0
      return Promise.resolve({ value: structuredClone<JsonValue>(own), version })
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  set(key: string, value: unknown, options: Omit<StateWrite, 'key' | 'value'> = {}): void {
    const { expectedVersion, ttlMs, metadata } = options
    if (ttlMs !== undefined && !(ttlMs > 0 && ttlMs <= durationMsMax)) {
      throw new OrchestrationError(
        'InputError',
        `ttlMs of state '${key}' must be above 0 and at most ${durationMsMax}`,
      )
    }
    const write: StateWrite = {
      key,
      value: stateValue(key, value),
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(metadata === undefined
        ? {}
        : { metadata: stateValue(`metadata of ${key}`, metadata) as JsonObject }),
    }
    this.#plan(key, { kind: 'write', write }, expectedVersion === undefined)
  }

  update(key: string, change: (value: JsonValue) => unknown): void {
    this.#plan(key, { kind: 'update', change }, false)
  }

  delete(key: string, options: Pick<StateWrite, 'expectedVersion'> = {}): void {
    this.#plan(
      key,
      { kind: 'write', write: { key, ...options } },
      options.expectedVersion === undefined,
    )
  }

  /** The writes as of this moment; updates are worked out now. Undefined when there are none. */
  writes(): readonly StateWrite[] | undefined {
    if (this.#planned.size === 0) return undefined
    return Array.from(this.#planned.keys()).flatMap((key) => this.#writesOf(key))
  }

  #writesOf(key: string): readonly StateWrite[] {
    const planned = this.#planned.get(key) ?? []
    if (planned.every(({ kind }) => kind === 'write')) {
      return planned.flatMap((one) => (one.kind === 'write' ? [one.write] : []))
    }
    const value = this.#valueOf(key)
    const first = planned[0]
    const expected = first?.kind === 'write' ? first.write.expectedVersion : this.#base(key)
    const write: StateWrite = value === undefined ? { key } : { key, value: stateValue(key, value) }
    return [expected === undefined ? write : { ...write, expectedVersion: expected }]
  }

  /** The version that an update was made of, where that may be old. */
  #base(key: string): number | undefined {
    return this.#read.isOfTheStart === true ? (this.#read(key)?.version ?? 0) : undefined
  }

  /** Undefined when there is none. */
  #valueOf(key: string): JsonValue | undefined {
    let value: JsonValue | undefined = this.#read(key)?.value
    for (const one of this.#planned.get(key) ?? []) {
      value =
        one.kind === 'write'
          ? one.write.value
          : stateValue(key, one.change(structuredClone<JsonValue>(value ?? null)))
    }
    return value
  }

  #plan(key: string, planned: Planned, replaces: boolean): void {
    writableStateKey(key)
    if (this.#isEnded()) {
      throw new OrchestrationError('UsageError', `state '${key}' was written after the call ended`)
    }
    const before = this.#planned.get(key)
    if (before === undefined && this.#planned.size >= limits.stateKeysMax) {
      throw new ResourceExhaustionError(
        `the call writes more than ${limits.stateKeysMax} keys of state (stateKeysMax)`,
      )
    }
    if (before === undefined || replaces) {
      // The version that the first write expects still holds for the whole.
      const first = before?.[0]
      const expected = first?.kind === 'write' ? first.write.expectedVersion : undefined
      const keeps = expected !== undefined && planned.kind === 'write'
      this.#planned.set(key, [
        keeps ? { kind: 'write', write: { ...planned.write, expectedVersion: expected } } : planned,
      ])
    } else before.push(planned)
  }
}

function stateValue(key: string, value: unknown): JsonValue {
  return normaliseJson(value, {
    what: `state '${key}'`,
    bytesMax: limits.payloadBytesMax,
    code: 'InputError',
    retryable: false,
  })
}
