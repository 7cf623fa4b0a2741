import type { Evaluation } from './evaluation.ts'
import type { FunctionSpec } from './function-spec.ts'
import { intAt, listAt, wrongArgument } from './function-spec.ts'
import { arithmetic, ordered } from './operators.ts'
import type { Value } from './values.ts'
import { isList } from './values.ts'

/** Functions over numbers and lists of numbers. */
export const numberFunctions: readonly FunctionSpec[] = [
  {
    name: 'min',
    forms: 'both',
    arity: [1, 32],
    returns: 'dyn',
    signature: 'min(list) or min(a, b, …)',
    summary:
      'the smallest element or argument; they must be of one kind; an empty list is an error',
    call: (args, run) => extreme(args, '<', run),
  },
  {
    name: 'max',
    forms: 'both',
    arity: [1, 32],
    returns: 'dyn',
    signature: 'max(list) or max(a, b, …)',
    summary: 'the largest element or argument; they must be of one kind; an empty list is an error',
    call: (args, run) => extreme(args, '>', run),
  },
  {
    name: 'sum',
    forms: 'both',
    arity: [1, 1],
    returns: 'dyn',
    signature: 'sum(list)',
    summary: 'the sum of numbers or of durations; 0 for an empty list',
    call: (args, run) => sum(listAt(args, 0, run), run),
  },
  {
    name: 'avg',
    forms: 'both',
    arity: [1, 1],
    returns: 'double',
    signature: 'avg(list)',
    summary: 'the mean of numbers, a double; an empty list is an error',
    call: average,
  },
  {
    name: 'round',
    forms: 'both',
    arity: [1, 2],
    returns: 'dyn',
    signature: 'round(x) or round(x, digits)',
    summary: 'x rounded to so many decimals (0 by default, -15 to 15), halves away from zero',
    call: round,
  },
]

function extreme(args: readonly Value[], op: '<' | '>', run: Evaluation): Value {
  const items = args.length === 1 ? listAt(args, 0, run) : args
  run.visit(items.length)
  if (items.length === 0) throw run.fault(`\`${run.callee}\` needs at least one element`)
  let best = items[0] as Value
  // The first is compared with itself, so that a list of one element must be of a kind that has an order.
  for (const item of items) if (ordered(op, [item, best], run)) best = item
  return best
}

function sum(items: readonly Value[], run: Evaluation): Value {
  run.visit(items.length)
  let total: Value = 0n
  let isFirst = true
  for (const item of items) {
    if (typeof item === 'string' || isList(item)) {
      throw wrongArgument({ args: [item], index: 0, run }, 'numbers or durations')
    }
    total = isFirst && typeof item === 'object' ? item : arithmetic('+', [total, item], run)
    isFirst = false
  }
  return total
}

function average(args: readonly Value[], run: Evaluation): Value {
  const items = listAt(args, 0, run)
  if (items.length === 0) throw run.fault('`avg` needs at least one element')
  const total = sum(items, run)
  if (typeof total === 'object') throw wrongArgument({ args: items, index: 0, run }, 'numbers')
  return Number(total) / items.length
}

function round(args: readonly Value[], run: Evaluation): Value {
  const value = args[0] as Value
  const digits = args.length === 2 ? intAt(args, 1, run) : 0
  if (Math.abs(digits) > 15) throw run.fault('`round` takes -15 to 15 digits')
  if (typeof value === 'bigint') return digits >= 0 ? value : roundInt(value, -digits)
  if (typeof value !== 'number') throw wrongArgument({ args, index: 0, run }, 'a number')
  if (!Number.isFinite(value)) return value
  const rounded = shift(Math.round(shift(Math.abs(value), digits)), -digits)
  return value < 0 ? -rounded : rounded
}

function roundInt(value: bigint, zeros: number): bigint {
  const unit = 10n ** BigInt(zeros)
  const half = value < 0n ? -unit / 2n : unit / 2n
  return ((value + half) / unit) * unit
}

/** Moves the decimal point in the shortest text of a number, so that 1.005 counts as just that. */
function shift(value: number, places: number): number {
  const [digits, exponent] = value.toExponential().split('e')
  return Number(`${digits}e${Number(exponent) + places}`)
}
