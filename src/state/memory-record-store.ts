import type { Clock } from '../core/clock.ts'
import { checkChange } from './checked-records.ts'
import { checkCount, checkName } from './checked-write.ts'
import type { RecordChange, RecordStore } from '../core/contracts/record-store.ts'

interface Group {
  readonly records: Map<string, string>
  untilMs: number
}

/** Records inside one process, for tests. */
export class MemoryRecordStore implements RecordStore {
  readonly #groups = new Map<string, Group>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async names(group: string): Promise<readonly string[]> {
    return [...this.#records(group).keys()].toSorted()
  }

  async read(group: string, names: readonly string[]): Promise<readonly (string | null)[]> {
    const records = this.#records(group)
    return names.map((name) => records.get(name) ?? null)
  }

  async write(group: string, change: RecordChange): Promise<void> {
    checkChange(group, change)
    const records = new Map(this.#records(group))
    for (const name of change.remove ?? []) records.delete(name)
    for (const [name, text] of change.set ?? []) records.set(name, text)
    for (const [name, text] of change.add ?? []) if (!records.has(name)) records.set(name, text)
    this.#groups.set(group, { records, untilMs: Infinity })
  }

  async remove(group: string): Promise<void> {
    this.#groups.delete(checkName('group', group))
  }

  async groups(prefix: string): Promise<readonly string[]> {
    const all = [...this.#groups.keys()]
    return all
      .filter((group) => group.startsWith(prefix) && this.#records(group).size > 0)
      .toSorted()
  }

  async expire(group: string, keepMs: number): Promise<void> {
    const untilMs = this.#clock.nowMs() + checkCount('keepMs', keepMs, 1)
    const known = this.#groups.get(group)
    if (known !== undefined) known.untilMs = untilMs
  }

  #records(group: string): ReadonlyMap<string, string> {
    const known = this.#groups.get(checkName('group', group))
    return known === undefined || known.untilMs <= this.#clock.nowMs() ? new Map() : known.records
  }
}
