import { invariant } from '../../core/assert.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Layout, Layouts } from './snapshot-layout.ts'

/**
 * The fields of a record that differ from what a new one has, one behind the other: the field's number and
 * what it has, or -1 less the number and the place in the table of values.
 */
export type Written = readonly (number | boolean | null)[]

/** The place of a value that is not there. */
export const absent = -1

/** Every text, list and object that fields have, once each: what two fields share is shared again. */
export class ValueTable {
  readonly layouts: Layouts
  readonly values: JsonValue[] = [null]
  readonly #places = new Map<unknown, number>([[null, 0]])

  constructor(layouts: Layouts) {
    this.layouts = layouts
  }

  placeOf(value: unknown): number {
    let place = this.#places.get(value)
    if (place === undefined) {
      place = this.values.push(value as JsonValue) - 1
      this.#places.set(value, place)
    }
    return place
  }

  write(record: object, { names, initial }: Layout): Written {
    const written: (number | boolean | null)[] = []
    for (let number = 0; number < names.length; number++) {
      const name = names[number] as string
      const value = (record as Readonly<Record<string, unknown>>)[name]
      if (value === initial[name]) continue
      if (typeof value === 'number' || typeof value === 'boolean' || value === null)
        written.push(number, value)
      else written.push(-1 - number, this.placeOf(value))
    }
    return written
  }
}

/** Gives the fields back that a `ValueTable` wrote. */
export class ValueReader {
  readonly layouts: Layouts
  readonly #values: readonly JsonValue[]

  constructor(layouts: Layouts, values: readonly JsonValue[]) {
    this.layouts = layouts
    this.#values = values
  }

  valueAt(place: unknown): JsonValue {
    const value = this.#values[place as number]
    invariant(value !== undefined, 'a value is missing')
    return value
  }

  read(target: object, { names, initial }: Layout, written: Written): object {
    const record = Object.assign(target, initial) as Record<string, unknown>
    for (let i = 0; i < written.length; i += 2) {
      const number = written[i] as number
      const value = written[i + 1]
      const name = names[number < 0 ? -1 - number : number]
      invariant(name !== undefined && value !== undefined, 'a field is missing')
      record[name] = number < 0 ? this.valueAt(value) : value
    }
    return record
  }
}
