import { canonicalJson } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { keysOf } from './equality.ts'
import type { Evaluation } from './evaluation.ts'
import type { FunctionSpec } from './function-spec.ts'
import { listAt, textAt, wrongArgument } from './function-spec.ts'
import { pointCount } from './text-functions.ts'
import { toJsonValue } from './to-json.ts'
import type { Value } from './values.ts'
import { isList, lookUp, typeNames, TypeName, typeOf } from './values.ts'

/** Functions over values of any type, lists and maps. */
export const valueFunctions: readonly FunctionSpec[] = [
  {
    name: 'size',
    forms: 'both',
    arity: [1, 1],
    returns: 'int',
    signature: 'size(x)',
    summary: 'the number of characters, bytes, elements or keys',
    call: size,
  },
  {
    name: 'type',
    forms: 'global',
    arity: [1, 1],
    returns: 'type',
    signature: 'type(x)',
    summary: 'the type of a value, to be compared with int, double, string, bool, list, map…',
    call: ([value]) => typeValue(typeOf(value as Value)),
  },
  {
    name: 'dyn',
    forms: 'global',
    arity: [1, 1],
    returns: 'dyn',
    signature: 'dyn(x)',
    summary: 'the value itself, its type not checked before evaluation',
    call: ([value]) => value as Value,
  },
  {
    name: 'json',
    forms: 'both',
    arity: [1, 1],
    returns: 'dyn',
    signature: 'json(text)',
    summary: 'the value that a JSON text holds',
    call: parseJson,
  },
  {
    name: 'toJson',
    forms: 'both',
    arity: [1, 1],
    returns: 'string',
    signature: 'toJson(x)',
    summary: 'a value as compact JSON text',
    call: (args, run) => {
      const text = JSON.stringify(toJsonValue(args[0] as Value, run))
      run.build(text.length)
      return text
    },
  },
  {
    name: 'distinct',
    forms: 'both',
    arity: [1, 1],
    returns: 'list',
    signature: 'distinct(list)',
    summary: 'a list without repeated elements, in order of first occurrence',
    call: distinct,
  },
  {
    name: 'flatten',
    forms: 'both',
    arity: [1, 1],
    returns: 'list',
    signature: 'flatten(list)',
    summary: 'a list whose elements that are lists are replaced by their elements, one level deep',
    call: flatten,
  },
]

function size(args: readonly Value[], run: Evaluation): Value {
  const value = args[0] as Value
  if (typeof value === 'string') {
    run.work(value.length)
    return BigInt(pointCount(value))
  }
  if (isList(value) || value instanceof Uint8Array) return BigInt(value.length)
  if (typeOf(value) === 'map') return BigInt(keysOf(value, run).length)
  throw wrongArgument({ args, index: 0, run }, 'text, bytes, a list or a map')
}

function typeValue(name: string): TypeName {
  return typeNames.get(name === 'null' ? 'null_type' : name) ?? new TypeName(name)
}

function parseJson(args: readonly Value[], run: Evaluation): Value {
  const text = textAt(args, 0, run)
  run.build(text.length)
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    throw run.fault('`json` got text that is not JSON')
  }
  if (isDeeper(value, limits.depthMax)) {
    throw run.fault(`\`json\` got JSON nested deeper than ${limits.depthMax} (depthMax)`)
  }
  return value
}

function isDeeper(value: JsonValue, max: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return max === 0 || Object.values(value).some((item) => isDeeper(item, max - 1))
}

function distinct(args: readonly Value[], run: Evaluation): Value {
  const seen = new Set<string>()
  return listAt(args, 0, run).filter((item) => {
    run.visit(1)
    const key = identity(item, run)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** Text that two values share exactly when they are equal. */
function identity(value: Value, run: Evaluation): string {
  if (typeof value === 'string') {
    run.work(4 * value.length)
    return JSON.stringify(value)
  }
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number')
    return Number.isInteger(value) ? BigInt(value).toString() : `${value}`
  if (isList(value)) {
    run.visit(value.length)
    return `[${value.map((item) => identity(item, run)).join(',')}]`
  }
  if (typeOf(value) !== 'map') return `${typeOf(value)} ${canonicalJson(toJsonValue(value, run))}`
  const keys = keysOf(value, run)
  run.visit(keys.length)
  const entries = keys.map(
    (key) => `${identity(key, run)}:${identity(lookUp(value, key) as Value, run)}`,
  )
  return `{${entries.toSorted().join(',')}}`
}

function flatten(args: readonly Value[], run: Evaluation): Value {
  const result: Value[] = []
  for (const item of listAt(args, 0, run)) {
    run.visit(isList(item) ? item.length + 1 : 1)
    if (!isList(item)) result.push(item)
    else for (const inner of item) result.push(inner)
  }
  return result
}
