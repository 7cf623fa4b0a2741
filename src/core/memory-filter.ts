import type { MemoryFilter } from './contracts/memory.ts'
import { OrchestrationError } from './errors.ts'
import { isJsonObject, jsonEqual, type JsonObject, type JsonValue } from './json.ts'

type Test = (found: JsonValue | undefined, wanted: JsonValue) => boolean

const isOrdered = (found: JsonValue | undefined, wanted: JsonValue): boolean =>
  (typeof found === 'number' || typeof found === 'string') && typeof found === typeof wanted
const within =
  (isWithin: (found: number | string, bound: number | string) => boolean): Test =>
  (found, wanted) =>
    isOrdered(found, wanted) && isWithin(found as number, wanted as number)

const tests: Readonly<Record<string, Test>> = {
  $eq: (found, wanted) => found !== undefined && jsonEqual(found, wanted),
  $ne: (found, wanted) => found === undefined || !jsonEqual(found, wanted),
  $gt: within((found, bound) => found > bound),
  $gte: within((found, bound) => found >= bound),
  $lt: within((found, bound) => found < bound),
  $lte: within((found, bound) => found <= bound),
}

/** A filter made ready for many entries. @throws InputError for an operator that there is none of */
export function memoryFilter(where: MemoryFilter = {}): (metadata: JsonObject) => boolean {
  const checks = Object.entries(where).flatMap(([field, wanted]) =>
    conditionsOf(field, wanted).map(([test, value]) => ({ field, test, value })),
  )
  return (metadata) =>
    checks.every(({ field, test, value }) =>
      test(Object.hasOwn(metadata, field) ? metadata[field] : undefined, value),
    )
}

function conditionsOf(field: string, wanted: JsonValue): readonly (readonly [Test, JsonValue])[] {
  const equal: Test = tests['$eq'] as Test
  if (!isJsonObject(wanted)) return [[equal, wanted]]
  const names = Object.keys(wanted)
  if (!names.some((name) => name.startsWith('$'))) return [[equal, wanted]]
  return names.map((name) => {
    const test = Object.hasOwn(tests, name) ? tests[name] : undefined
    if (test !== undefined) return [test, wanted[name] as JsonValue]
    throw new OrchestrationError(
      'InputError',
      `'${name}' of '${field}' is no operator of a filter`,
      {
        hint: `use ${Object.keys(tests).join(', ')}, or the value itself`,
      },
    )
  })
}
