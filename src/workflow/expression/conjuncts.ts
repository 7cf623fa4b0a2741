import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { stripDelimiters } from './delimiters.ts'

/** A literal that a value is compared with. */
export type Constant = string | number | boolean | null

/**
 * One of the tests that a condition joins by `&&`: when the condition is true, all of them are.
 * `among`: the value at `path` is one of `values`, or with `isNegated` none of them. `range`: it is a number
 * between the bounds, which are infinite where there is none and included unless said. `other`: anything else,
 * told apart by its text alone.
 */
export type Conjunct =
  | {
      readonly kind: 'among'
      readonly path: string
      readonly values: readonly Constant[]
      readonly isNegated: boolean
    }
  | {
      readonly kind: 'range'
      readonly path: string
      readonly min: number
      readonly max: number
      readonly includesMin: boolean
      readonly includesMax: boolean
    }
  | { readonly kind: 'other'; readonly text: string; readonly isNegated: boolean }

const parser = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true })

/** What a valid condition is a conjunction of; it says nothing that evaluation would not. */
export function conjunctsOf(source: string): readonly Conjunct[] {
  return split(parser.parse(stripDelimiters(source).text).ast, false)
}

function split(node: ASTNode, isNegated: boolean): readonly Conjunct[] {
  if (node.op === '!_') return split(node.args, !isNegated)
  // De Morgan: what is denied of an `or` is denied of both sides.
  if (node.op === (isNegated ? '||' : '&&'))
    return node.args.flatMap((side) => split(side, isNegated))
  return [comparison(node, isNegated) ?? otherwise(node, isNegated)]
}

function otherwise(node: ASTNode, isNegated: boolean): Conjunct {
  const path = pathOf(node)
  if (path !== null) return { kind: 'among', path, values: [!isNegated], isNegated: false }
  const text = node.input.slice(node.range.start, node.range.end).replaceAll(/\s+/g, ' ')
  return { kind: 'other', text, isNegated }
}

function comparison(node: ASTNode, isNegated: boolean): Conjunct | null {
  switch (node.op) {
    case '==':
    case '!=': {
      const [left, right] = node.args
      const isDenied = (node.op === '!=') !== isNegated
      return among(left, [right], isDenied) ?? among(right, [left], isDenied)
    }
    case 'in': {
      const [value, list] = node.args
      return list.op === 'list' ? among(value, list.args, isNegated) : null
    }
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const [left, right] = node.args
      const op = isNegated ? opposite[node.op] : node.op
      return range(left, op, right) ?? range(right, mirrored[op], left)
    }
    default:
      return null
  }
}

type Order = '<' | '<=' | '>' | '>='
const opposite = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' } as const
const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const

function among(node: ASTNode, items: readonly ASTNode[], isNegated: boolean): Conjunct | null {
  const path = pathOf(node)
  const values = items.map(constantOf)
  if (path === null || values.includes(undefined)) return null
  return { kind: 'among', path, values: values as Constant[], isNegated }
}

function range(node: ASTNode, op: Order, bound: ASTNode): Conjunct | null {
  const path = pathOf(node)
  const value = constantOf(bound)
  if (path === null || typeof value !== 'number') return null
  const isLower = op === '>' || op === '>='
  const includes = op === '<=' || op === '>='
  return {
    kind: 'range',
    path,
    min: isLower ? value : -Infinity,
    max: isLower ? Infinity : value,
    includesMin: isLower && includes,
    includesMax: !isLower && includes,
  }
}

/** `a.b["c"]` as `a.b.c`; null for what is no plain path. */
function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args
  if (node.op !== '.' && node.op !== '[]') return null
  const [container, key] = node.args
  const name = typeof key === 'string' ? key : key.op === 'value' ? key.args : null
  const parent = typeof name === 'string' ? pathOf(container) : null
  if (parent === null || typeof name !== 'string') return null
  return /^\w+$/.test(name) ? `${parent}.${name}` : `${parent}[${JSON.stringify(name)}]`
}

/** Undefined for what is no literal, and for an int that no double tells apart from its neighbours. */
function constantOf(node: ASTNode): Constant | undefined {
  if (node.op === '-_') {
    const value = constantOf(node.args)
    return typeof value === 'number' ? -value : undefined
  }
  if (node.op !== 'value') return undefined
  const value: unknown = node.args
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : undefined
  }
  const isConstant =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  return isConstant ? value : undefined
}
