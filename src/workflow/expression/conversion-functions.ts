import { base64 } from './bytes.ts'
import type { Evaluation } from './evaluation.ts'
import type { FunctionSpec } from './function-spec.ts'
import { wrongArgument } from './function-spec.ts'
import { checkedInt } from './operators.ts'
import * as time from './time.ts'
import type { Value } from './values.ts'

/** Conversions between types. */
export const conversionFunctions: readonly FunctionSpec[] = [
  {
    name: 'int',
    forms: 'global',
    arity: [1, 1],
    returns: 'int',
    signature: 'int(x)',
    summary: 'a number cut to an int, an int from text, or the seconds of a timestamp',
    call: toInt,
  },
  {
    name: 'uint',
    forms: 'global',
    arity: [1, 1],
    returns: 'int',
    signature: 'uint(x)',
    summary: 'as int(x), refused when negative',
    call: (args, run) => {
      const value = toInt(args, run)
      if (value < 0n) throw run.fault('`uint` got a negative number')
      return value
    },
  },
  {
    name: 'double',
    forms: 'global',
    arity: [1, 1],
    returns: 'double',
    signature: 'double(x)',
    summary: 'a number, or a number from text, as a double',
    call: toDouble,
  },
  {
    name: 'string',
    forms: 'global',
    arity: [1, 1],
    returns: 'string',
    signature: 'string(x)',
    summary: 'a number, bool, timestamp, duration or UTF-8 bytes as text',
    call: toText,
  },
  {
    name: 'bool',
    forms: 'global',
    arity: [1, 1],
    returns: 'bool',
    signature: 'bool(x)',
    summary: 'a bool from text: 1, t, true, TRUE, True, and so on',
    call: toBool,
  },
  {
    name: 'bytes',
    forms: 'global',
    arity: [1, 1],
    returns: 'bytes',
    signature: 'bytes(text)',
    summary: 'the UTF-8 bytes of a text',
    call: (args, run) => {
      const value = args[0] as Value
      if (value instanceof Uint8Array) return value
      if (typeof value !== 'string') throw wrongArgument({ args, index: 0, run }, 'a string')
      run.build(value.length)
      return new TextEncoder().encode(value)
    },
  },
  {
    name: 'base64',
    forms: 'both',
    arity: [1, 1],
    returns: 'string',
    signature: 'base64(bytes)',
    summary: 'bytes as base64 text',
    call: (args, run) => {
      const value = args[0] as Value
      if (!(value instanceof Uint8Array)) throw wrongArgument({ args, index: 0, run }, 'bytes')
      run.build(value.length * 2)
      return base64(value)
    },
  },
]

function toInt(args: readonly Value[], run: Evaluation): bigint {
  const value = args[0] as Value
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw run.fault(`\`${run.callee}\` cannot take ${value}`)
    return checkedInt(BigInt(Math.trunc(value)), run)
  }
  if (typeof value === 'string') {
    if (/^[+-]?\d{1,20}$/.test(value)) return checkedInt(BigInt(value.replace('+', '')), run)
    throw run.fault(`\`${run.callee}\` got text that is no int: ${quoted(value)}`)
  }
  if (value instanceof time.Timestamp) return time.floorDivide(value.nanos, 1_000_000_000n)
  throw wrongArgument({ args, index: 0, run }, 'a number, text or a timestamp')
}

function toDouble(args: readonly Value[], run: Evaluation): number {
  const value = args[0] as Value
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string') throw wrongArgument({ args, index: 0, run }, 'a number or text')
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value.slice(0, 400))) return Number(value)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(value)
  if (special === null) throw run.fault(`\`double\` got text that is no number: ${quoted(value)}`)
  if (special[2]?.toLowerCase() === 'nan') return NaN
  return special[1] === '-' ? -Infinity : Infinity
}

function toText(args: readonly Value[], run: Evaluation): string {
  const value = args[0] as Value
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value)
  }
  if (value instanceof time.Timestamp) return time.timestampText(value)
  if (value instanceof time.Duration) return time.durationSecondsText(value)
  if (value instanceof Uint8Array) {
    run.build(value.length)
    return decode(value, run)
  }
  const hint = value === null ? null : 'use toJson(x) for lists and maps'
  const error = wrongArgument({ args, index: 0, run }, 'a number, bool, time or bytes')
  throw hint === null ? error : run.fault(error.message, hint)
}

function decode(value: Uint8Array, run: Evaluation): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    throw run.fault('`string` got bytes that are not UTF-8')
  }
}

const trueTexts: ReadonlySet<string> = new Set(['1', 't', 'true', 'TRUE', 'True'])
const falseTexts: ReadonlySet<string> = new Set(['0', 'f', 'false', 'FALSE', 'False'])

function toBool(args: readonly Value[], run: Evaluation): boolean {
  const value = args[0] as Value
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') throw wrongArgument({ args, index: 0, run }, 'a bool or text')
  if (trueTexts.has(value)) return true
  if (falseTexts.has(value)) return false
  throw run.fault(`\`bool\` got text that is no bool: ${quoted(value)}`)
}

/** A text in quotes, cut at 40 characters. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
