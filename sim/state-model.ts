import { canonicalJson, isJsonObject, type JsonValue } from '../src/core/json.ts'
import type { StateChange } from '../src/workflow/kernel/events.ts'

interface EntryModel {
  readonly version: number
  /** Undefined when it is deleted. */
  readonly value: JsonValue | undefined
  readonly expiresAtMs: number | null
}

/** The key under which simulated agents count what they have done. */
export const countKey = 'count'

/** The state of one execution as the changes of its journal make it, kept apart from the kernel's. */
export class StateModel {
  readonly entries = new Map<string, EntryModel>()
  /** Completed increments that were not taken back. */
  count = 0

  /** Takes changes in. @returns the properties that they break */
  change(changes: readonly StateChange[], atMs: number): readonly string[] {
    const broken: string[] = []
    for (const change of changes) {
      const { key, version, value, expiresAtMs } = change
      if (version <= (this.entries.get(key)?.version ?? 0)) broken.push('versionsRise')
      if (!this.#isExpected(key, value?.[0], atMs)) broken.push('casHolds')
      this.entries.set(key, { version, value: value?.[0], expiresAtMs: expiresAtMs ?? null })
    }
    return broken
  }

  /** What is there at that time; undefined for nothing. */
  at(key: string, atMs: number): EntryModel | undefined {
    const entry = this.entries.get(key)
    if (entry?.value === undefined) return undefined
    return entry.expiresAtMs !== null && entry.expiresAtMs <= atMs ? undefined : entry
  }

  get countIsRight(): boolean {
    return (this.entries.get(countKey)?.value ?? 0) === this.count
  }

  /**
   * Whether the entries are those of `before`, but for such as go by themselves.
   *
   * @param askedAtMs when the other state was looked up
   */
  equals(before: StateModel, askedAtMs: number, atMs: number): boolean {
    for (const key of new Set([...this.entries.keys(), ...before.entries.keys()])) {
      const was = before.at(key, askedAtMs)
      const is = this.at(key, atMs)
      const isFleeting =
        (before.entries.get(key)?.expiresAtMs ?? null) !== null ||
        (this.entries.get(key)?.expiresAtMs ?? null) !== null
      if (isFleeting && (was === undefined || is === undefined)) continue
      if (textOf(was) !== textOf(is)) return false
    }
    return true
  }

  /** Whoever expects a version says so in the value: the entry must have had it. */
  #isExpected(key: string, value: JsonValue | undefined, atMs: number): boolean {
    if (value === undefined || !isJsonObject(value)) return true
    const expected = value['expected']
    return typeof expected !== 'number' || (this.at(key, atMs)?.version ?? 0) === expected
  }
}

function textOf(entry: EntryModel | undefined): string | null {
  return entry?.value === undefined ? null : canonicalJson(entry.value)
}
