import type { ASTNode } from '@marcbachmann/cel-js'
import type { BoundBody, CompiledNode, NodeCompiler } from './compiled-node.ts'
import { attempt, notBool, requireBool } from './compiled-node.ts'
import { keysOf } from './equality.ts'
import type { Evaluation } from './evaluation.ts'
import { ExpressionFault } from './faults.ts'
import type { Value } from './values.ts'
import { isList, typeOf } from './values.ts'

/** A comprehension as it is written: `range.name(variable, …)`. */
export interface ComprehensionCall {
  readonly node: ASTNode
  readonly name: string
  readonly range: ASTNode
  readonly args: readonly ASTNode[]
}

/** How each comprehension is written and what it gives. */
export const comprehensions = [
  { name: 'all', signature: 'list.all(x, test)', summary: 'whether every element passes the test' },
  {
    name: 'exists',
    signature: 'list.exists(x, test)',
    summary: 'whether any element passes the test',
  },
  {
    name: 'exists_one',
    signature: 'list.exists_one(x, test)',
    summary: 'whether exactly one element passes the test; also written existsOne',
  },
  { name: 'filter', signature: 'list.filter(x, test)', summary: 'the elements that pass the test' },
  {
    name: 'map',
    signature: 'list.map(x, value) or list.map(x, test, value)',
    summary: 'a value for each element, or for each that passes the test; of a map, x is a key',
  },
] as const

/** True for a method call that is a comprehension. */
export function isComprehension(name: string, count: number): boolean {
  if (name === 'map') return count === 2 || count === 3
  return count === 2 && ['all', 'exists', 'exists_one', 'existsOne', 'filter'].includes(name)
}

/** Compiles a comprehension; every item it visits is counted. */
export function compileComprehension(
  call: ComprehensionCall,
  compiler: NodeCompiler,
): CompiledNode {
  const { node, name, args } = call
  const range = compiler.compile(call.range)
  if (!['dyn', 'list', 'map'].includes(range.type)) throw wrongRange(name, range, range.type)
  const [variable, ...parts] = args as readonly [ASTNode, ...ASTNode[]]
  const bound = compiler.bindEach(variable, parts)
  const [test, value] = bound.bodies as readonly [CompiledNode, CompiledNode?]
  const loop: Loop = { name, range, test, bound }
  if (name === 'map' && value === undefined) {
    return compiler.node(node, { type: 'list', run: (run) => mapAll(loop, run) })
  }
  requireBool(test, `the test of \`${name}\``)
  if (name === 'map' || name === 'filter') {
    return compiler.node(node, { type: 'list', run: (run) => keep(loop, run, value ?? null) })
  }
  if (name === 'all' || name === 'exists') {
    return compiler.node(node, {
      type: 'bool',
      run: (run) => quantify(loop, run, name === 'exists'),
    })
  }
  return compiler.node(node, { type: 'bool', run: (run) => passCount(loop, run) === 1 })
}

interface Loop {
  readonly name: string
  readonly range: CompiledNode
  /** The test, or the value of a `map` without one. */
  readonly test: CompiledNode
  readonly bound: BoundBody
}

function itemsOf(loop: Loop, run: Evaluation): readonly Value[] {
  const value = loop.range.run(run)
  if (isList(value)) return value
  if (typeOf(value) === 'map') return keysOf(value, run)
  throw wrongRange(loop.name, loop.range, typeOf(value))
}

function wrongRange(name: string, range: CompiledNode, found: string): ExpressionFault {
  const hint = found === 'null' ? 'test for null first, or use coalesce(value, [])' : null
  const message = `\`${name}\` needs a list or a map, but \`${range.text()}\` is ${found}`
  return new ExpressionFault(message, range.offset, hint)
}

/** Counts one visited item, and gives it to the variable. */
function enter(loop: Loop, item: Value, run: Evaluation): void {
  run.at = loop.range.offset
  run.visit(1)
  run.work(loop.bound.parts)
  run.variables[loop.bound.slot] = item
}

function passes(loop: Loop, run: Evaluation): boolean {
  const result = loop.test.run(run)
  if (typeof result === 'boolean') return result
  throw notBool(loop.test, result, `the test of \`${loop.name}\``)
}

function mapAll(loop: Loop, run: Evaluation): Value {
  const results: Value[] = []
  for (const item of itemsOf(loop, run)) {
    enter(loop, item, run)
    results.push(loop.test.run(run))
  }
  return results
}

function keep(loop: Loop, run: Evaluation, value: CompiledNode | null): Value {
  const results: Value[] = []
  for (const item of itemsOf(loop, run)) {
    enter(loop, item, run)
    if (passes(loop, run)) results.push(value === null ? item : value.run(run))
  }
  return results
}

function passCount(loop: Loop, run: Evaluation): number {
  let count = 0
  for (const item of itemsOf(loop, run)) {
    enter(loop, item, run)
    if (passes(loop, run)) count++
  }
  return count
}

/** `exists` ends at the first true, `all` at the first false; a fault counts only if nothing decides. */
function quantify(loop: Loop, run: Evaluation, decisive: boolean): boolean {
  let fault: ExpressionFault | null = null
  for (const item of itemsOf(loop, run)) {
    enter(loop, item, run)
    const result = attempt(loop.test, run)
    if (result === decisive) return decisive
    if (result === !decisive) continue
    fault ??=
      result instanceof ExpressionFault
        ? result
        : notBool(loop.test, result, `the test of \`${loop.name}\``)
  }
  if (fault !== null) throw fault
  return !decisive
}
