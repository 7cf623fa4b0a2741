import type { JsonValue } from '../../core/json.ts'
import { describeValue } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { ValueBudget } from './value-budget.ts'

/**
 * A copy of data that came without text, as plain JSON. Keys whose value is undefined are left out;
 * everything else that JSON cannot say is reported. Bounded by `limits.documentBytesMax` and
 * `limits.depthMax`, so data that contains itself is refused and not followed.
 */
export function readData(data: unknown, problems: ProblemList): JsonValue {
  return new DataReader(problems).read(data, [])
}

class DataReader {
  readonly #problems: ProblemList
  readonly #budget: ValueBudget

  constructor(problems: ProblemList) {
    this.#problems = problems
    this.#budget = new ValueBudget(problems)
  }

  read(value: unknown, path: Path): JsonValue {
    const units = typeof value === 'string' ? value.length + 1 : 1
    if (!this.#budget.take(path, units)) return null
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (Array.isArray(value)) return this.#readList(value, path)
    if (isPlainObject(value)) return this.#readMap(value, path)
    this.#problems.add({
      path,
      message: 'JSON has no such value',
      found: describeValue(value),
      expected: 'JSON data',
    })
    return null
  }

  #readList(items: readonly unknown[], path: Path): JsonValue {
    const list: JsonValue[] = []
    for (let index = 0; index < items.length && !this.#budget.isSpent; index++) {
      list.push(this.read(items[index], [...path, index]))
    }
    return list
  }

  #readMap(object: Readonly<Record<string, unknown>>, path: Path): JsonValue {
    const map: Record<string, JsonValue> = {}
    for (const key of Object.keys(object)) {
      if (this.#budget.isSpent) break
      if (key === '__proto__') {
        this.#problems.add({
          path,
          message: "the key '__proto__' is refused",
          found: key,
          hint: 'choose another key',
        })
        continue
      }
      const value = object[key]
      if (value === undefined || !this.#budget.take(path, key.length)) continue
      map[key] = this.read(value, [...path, key])
    }
    return map
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null
  )
}
