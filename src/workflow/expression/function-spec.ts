import type { Evaluation } from './evaluation.ts'
import type { StaticType, Value } from './values.ts'
import { asInt, isList, typeOf } from './values.ts'

/** A function of the expression language. */
export interface FunctionSpec {
  readonly name: string
  /** Whether it is called as `name(a, b)`, as `a.name(b)`, or either way. */
  readonly forms: 'global' | 'method' | 'both'
  /** Fewest and most arguments, the receiver of a method counted. */
  readonly arity: readonly [number, number]
  readonly returns: StaticType
  /** How it is written, for people. */
  readonly signature: string
  /** What it does, in one line. */
  readonly summary: string
  readonly call: (args: readonly Value[], evaluation: Evaluation) => Value
}

/** Where an argument is: its list, its place, and the run to report to. */
export interface Argument {
  readonly args: readonly Value[]
  readonly index: number
  readonly run: Evaluation
}

/** The text at a place of the arguments. @throws ExpressionFault for another type */
export function textAt(args: readonly Value[], index: number, run: Evaluation): string {
  const value = args[index] as Value
  if (typeof value === 'string') return value
  throw wrongArgument({ args, index, run }, 'a string')
}

/** The int at a place of the arguments; an integral double is one. @throws ExpressionFault for another type */
export function intAt(args: readonly Value[], index: number, run: Evaluation): number {
  const value = asInt(args[index] as Value)
  if (value !== undefined) return Number(value)
  throw wrongArgument({ args, index, run }, 'an int')
}

/** The list at a place of the arguments. @throws ExpressionFault for another type */
export function listAt(args: readonly Value[], index: number, run: Evaluation): readonly Value[] {
  const value = args[index] as Value
  if (isList(value)) return value
  throw wrongArgument({ args, index, run }, 'a list')
}

/** The error for an argument of the wrong type. */
export function wrongArgument({ args, index, run }: Argument, expected: string): Error {
  const value = args[index] as Value
  const found = typeof value === 'number' ? `double ${value}` : typeOf(value)
  const hint = value === null ? 'test for null first, or use coalesce(value, other)' : null
  return run.fault(`\`${run.callee}\` needs ${expected}, found ${found}`, hint)
}
