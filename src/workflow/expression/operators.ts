import { compareBytes } from './bytes.ts'
import { contains, equal } from './equality.ts'
import type { Evaluation } from './evaluation.ts'
import { Duration, durationOf, Timestamp, timestampOf } from './time.ts'
import type { StaticType, Value } from './values.ts'
import { isList, typeOf } from './values.ts'

export type Arithmetic = '+' | '-' | '*' | '/' | '%'
export type Ordering = '<' | '<=' | '>' | '>='
export type BinaryOperator = Arithmetic | Ordering | '==' | '!=' | 'in'

const int64Max = 9_223_372_036_854_775_807n
const int64Min = -9_223_372_036_854_775_808n

/** The int itself. @throws ExpressionFault beyond 64 bits */
export function checkedInt(value: bigint, evaluation: Evaluation): bigint {
  if (value >= int64Min && value <= int64Max) return value
  throw evaluation.fault('int overflow: the result needs more than 64 bits')
}

/** Applies `+ - * / %`; an int beside a double is widened. */
export function arithmetic(op: Arithmetic, sides: readonly [Value, Value], run: Evaluation): Value {
  const [a, b] = sides
  if (typeof a === 'bigint' && typeof b === 'bigint') return ints(op, [a, b], run)
  if (isNumeric(a) && isNumeric(b)) return doubles(op, [Number(a), Number(b)], run)
  if (op === '+' && typeof a === 'string' && typeof b === 'string') {
    run.build(a.length + b.length)
    return a + b
  }
  if (op === '+' && isList(a) && isList(b)) {
    run.visit(a.length + b.length)
    return [...a, ...b]
  }
  if (op === '+' && a instanceof Uint8Array && b instanceof Uint8Array) {
    run.build(a.length + b.length)
    return new Uint8Array([...a, ...b])
  }
  const result = op === '+' || op === '-' ? times(op, [a, b], run) : undefined
  if (result === undefined) throw noOverload(op, sides, run)
  return result
}

function ints(op: Arithmetic, [a, b]: readonly [bigint, bigint], run: Evaluation): bigint {
  if (b === 0n && op === '/') throw run.fault('division by zero')
  if (b === 0n && op === '%') throw run.fault('modulo by zero')
  if (op === '+') return checkedInt(a + b, run)
  if (op === '-') return checkedInt(a - b, run)
  if (op === '*') return checkedInt(a * b, run)
  return checkedInt(op === '/' ? a / b : a % b, run)
}

function doubles(op: Arithmetic, [a, b]: readonly [number, number], run: Evaluation): number {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  if (op === '/') return a / b
  if (b === 0) throw run.fault('modulo by zero')
  return a % b
}

function times(op: '+' | '-', [a, b]: readonly [Value, Value], run: Evaluation): Value | undefined {
  const sign = op === '+' ? 1n : -1n
  let result: Value | undefined
  if (a instanceof Timestamp && b instanceof Duration)
    result = timestampOf(a.nanos + sign * b.nanos)
  else if (a instanceof Duration && b instanceof Duration) {
    result = durationOf(a.nanos + sign * b.nanos)
  } else if (op === '+' && a instanceof Duration && b instanceof Timestamp) {
    result = timestampOf(a.nanos + b.nanos)
  } else if (op === '-' && a instanceof Timestamp && b instanceof Timestamp) {
    result = durationOf(a.nanos - b.nanos)
  } else return undefined
  if (result === undefined) throw run.fault('the time or duration is out of range')
  return result
}

/** Orders two values of one kind: numbers, texts, bools, bytes, timestamps or durations. NaN orders with nothing. */
export function ordered(op: Ordering, sides: readonly [Value, Value], run: Evaluation): boolean {
  const [a, b] = sides
  const sameKind =
    (isNumeric(a) && isNumeric(b)) || (typeof a === typeof b && typeof a !== 'object')
  if (sameKind) {
    if (typeof a === 'string') run.work(Math.min(a.length, (b as string).length))
    return compares(op, a as number, b as number)
  }
  const isTime = a instanceof Timestamp && b instanceof Timestamp
  if (isTime || (a instanceof Duration && b instanceof Duration)) {
    return compares(op, a.nanos, b.nanos)
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compares(op, compareBytes(a, b), 0)
  throw noOverload(op, sides, run)
}

function compares(op: Ordering, a: number | bigint, b: number | bigint): boolean {
  if (op === '<') return a < b
  if (op === '<=') return a <= b
  return op === '>' ? a > b : a >= b
}

/** Applies any binary operator but the logical ones. */
export function applyBinary(
  op: BinaryOperator,
  sides: readonly [Value, Value],
  run: Evaluation,
): Value {
  if (op === '==') return equal(sides[0], sides[1], run)
  if (op === '!=') return !equal(sides[0], sides[1], run)
  if (op === 'in') return contains(sides[1], sides[0], run)
  return isOrdering(op) ? ordered(op, sides, run) : arithmetic(op, sides, run)
}

/** Unary minus. */
export function negate(value: Value, run: Evaluation): Value {
  if (typeof value === 'number') return -value
  if (typeof value === 'bigint') return checkedInt(-value, run)
  if (value instanceof Duration) return new Duration(-value.nanos)
  throw run.fault(`\`-\` needs a number, found ${typeOf(value)}`)
}

/**
 * The type that an operator gives for operands of known types, or null when it has no meaning for them.
 * `dyn` operands are judged when they have values.
 */
export function binaryType(op: BinaryOperator, a: StaticType, b: StaticType): StaticType | null {
  const unknown = a === 'dyn' || b === 'dyn'
  if (op === 'in') return b === 'list' || b === 'map' || b === 'dyn' ? 'bool' : null
  const bothNumeric = (a === 'int' || a === 'double') && (b === 'int' || b === 'double')
  if (op === '==' || op === '!=') {
    return unknown || bothNumeric || a === b || a === 'null' || b === 'null' ? 'bool' : null
  }
  if (isOrdering(op)) {
    const same = a === b && !['null', 'list', 'map', 'optional', 'type'].includes(a)
    return unknown || bothNumeric || same ? 'bool' : null
  }
  if (unknown) return 'dyn'
  if (bothNumeric) return a === 'int' && b === 'int' ? 'int' : 'double'
  return otherTypes.get(`${a}${op}${b}`) ?? null
}

const otherTypes: ReadonlyMap<string, StaticType> = new Map([
  ['string+string', 'string'],
  ['list+list', 'list'],
  ['bytes+bytes', 'bytes'],
  ['timestamp+duration', 'timestamp'],
  ['duration+timestamp', 'timestamp'],
  ['timestamp-duration', 'timestamp'],
  ['timestamp-timestamp', 'duration'],
  ['duration+duration', 'duration'],
  ['duration-duration', 'duration'],
])

function isOrdering(op: BinaryOperator): op is Ordering {
  return op === '<' || op === '<=' || op === '>' || op === '>='
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** What to do about an operator that has no meaning for its operands. */
export function overloadHint(op: string, a: string, b: string): string | null {
  if (op === 'in' && b === 'string') return 'use text.contains(part) to search in text'
  if (a === 'null' || b === 'null') return 'test for null first, or use coalesce(value, other)'
  if (op !== '+') return null
  return a === 'string' || b === 'string'
    ? 'use string(value), or toJson(value), to make text'
    : null
}

function noOverload(op: string, [a, b]: readonly [Value, Value], run: Evaluation): Error {
  const [left, right] = [typeOf(a), typeOf(b)]
  return run.fault(`no such operation: ${left} ${op} ${right}`, overloadHint(op, left, right))
}
