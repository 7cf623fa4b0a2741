import type { ASTNode } from '@marcbachmann/cel-js'
import type { CompiledNode, NodeCompiler } from './compiled-node.ts'
import type { Evaluation } from './evaluation.ts'
import { ExpressionFault } from './faults.ts'
import type { Value } from './values.ts'
import { lookUp, none, Optional, typeOf } from './values.ts'

/** How the forms that evaluate their arguments in their own way are written. */
export const specialForms = [
  { name: 'has', signature: 'has(a.b)', summary: 'whether a field is there; false when a is null' },
  {
    name: 'coalesce',
    signature: 'coalesce(a, b, …)',
    summary: 'the first that is not null; an absent optional counts as null',
  },
  { name: 'bind', signature: 'cel.bind(x, value, body)', summary: 'the body, with x as the value' },
  { name: 'of', signature: 'optional.of(x)', summary: 'a present optional' },
  { name: 'none', signature: 'optional.none()', summary: 'the absent optional' },
  { name: 'hasValue', signature: 'a.?b.hasValue()', summary: 'whether an optional is present' },
  {
    name: 'value',
    signature: 'a.?b.value()',
    summary: 'what an optional holds; absent is an error',
  },
  { name: 'or', signature: 'a.?b.or(a.?c)', summary: 'the first optional that is present' },
  { name: 'orValue', signature: 'a.?b.orValue(c)', summary: 'what an optional holds, or c' },
] as const

type Form = (node: ASTNode, args: readonly ASTNode[], compiler: NodeCompiler) => CompiledNode

/** Forms called as `name(…)`. */
export const globalForms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['has', compileHas],
  ['coalesce', compileCoalesce],
])

/** Forms called as `cel.name(…)` and `optional.name(…)`. */
export const namespaceForms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['cel.bind', compileBind],
  ['optional.of', compileOf],
  ['optional.none', compileNone],
])

/** Methods of an optional; the first of the arguments is the receiver. */
export const optionalForms: ReadonlyMap<string, Form> = new Map<string, Form>([
  [
    'hasValue/0',
    (node, args, compiler) => optionalForm(node, args, compiler, (held) => held !== undefined),
  ],
  ['value/0', compileValue],
  ['or/1', compileOr],
  ['orValue/1', compileOrValue],
])

function countArguments(
  node: ASTNode,
  found: number,
  [expected, how]: readonly [number, string],
): void {
  if (found === expected) return
  throw new ExpressionFault(`wrong number of arguments: it is written ${how}`, node.start)
}

function compileHas(node: ASTNode, args: readonly ASTNode[], compiler: NodeCompiler): CompiledNode {
  countArguments(node, args.length, [1, 'has(a.b)'])
  const [field] = args as readonly [ASTNode]
  if (field.op !== '.' && field.op !== '.?') {
    const hint = 'for a key that is no plain name write "my-key" in a'
    throw new ExpressionFault('`has` needs a field, such as has(a.b)', field.start, hint)
  }
  const container = compiler.container(field)
  const key = field.args[1]
  return compiler.node(node, {
    type: 'bool',
    run: (run) => {
      const found = container.run(run)
      const held = found instanceof Optional ? found.value : found
      return held !== undefined && lookUp(held, key) !== undefined
    },
  })
}

function compileCoalesce(
  node: ASTNode,
  args: readonly ASTNode[],
  compiler: NodeCompiler,
): CompiledNode {
  const parts = args.map((arg) => compiler.compile(arg))
  if (parts.length === 0) countArguments(node, 0, [1, 'coalesce(a, b, …)'])
  return compiler.node(node, {
    isData: parts.every((part) => part.isData),
    run: (run) => {
      for (const part of parts) {
        const value = part.run(run)
        const held = value instanceof Optional ? (value.value ?? null) : value
        if (held !== null) return held
      }
      return null
    },
  })
}

function compileBind(
  node: ASTNode,
  args: readonly ASTNode[],
  compiler: NodeCompiler,
): CompiledNode {
  countArguments(node, args.length, [3, 'cel.bind(x, value, body)'])
  const [variable, init, expression] = args as readonly [ASTNode, ASTNode, ASTNode]
  const value = compiler.compile(init)
  const { slot, bodies } = compiler.bind(variable, [expression])
  const [body] = bodies as readonly [CompiledNode]
  return compiler.node(node, {
    type: body.type,
    run: (run) => {
      run.variables[slot] = value.run(run)
      return body.run(run)
    },
  })
}

function compileOf(node: ASTNode, args: readonly ASTNode[], compiler: NodeCompiler): CompiledNode {
  countArguments(node, args.length, [1, 'optional.of(x)'])
  const value = compiler.compile(args[0] as ASTNode)
  return compiler.node(node, { type: 'optional', run: (run) => new Optional(value.run(run)) })
}

function compileNone(
  node: ASTNode,
  args: readonly ASTNode[],
  compiler: NodeCompiler,
): CompiledNode {
  countArguments(node, args.length, [0, 'optional.none()'])
  return compiler.node(node, { type: 'optional', run: () => none })
}

/** Compiles a method whose result hangs on what the receiver holds. */
function optionalForm(
  ...[node, args, compiler, finish]: readonly [
    ASTNode,
    readonly ASTNode[],
    NodeCompiler,
    (held: Value | undefined, run: Evaluation) => Value,
  ]
): CompiledNode {
  const receiver = compiler.compile(args[0] as ASTNode)
  const refuse = (found: string): ExpressionFault =>
    new ExpressionFault(
      `\`${receiver.text()}\` is ${found}, not an optional`,
      receiver.offset,
      'an optional comes from a.?b, a[?b] or optional.of(x)',
    )
  if (receiver.type !== 'dyn' && receiver.type !== 'optional') throw refuse(receiver.type)
  return compiler.node(node, {
    run: (run) => {
      const value = receiver.run(run)
      if (!(value instanceof Optional)) throw refuse(typeOf(value))
      return finish(value.value, run)
    },
  })
}

function compileValue(
  node: ASTNode,
  args: readonly ASTNode[],
  compiler: NodeCompiler,
): CompiledNode {
  return optionalForm(node, args, compiler, (held, run) => {
    if (held !== undefined) return held
    run.at = node.start
    throw run.fault('the optional holds no value', 'use .orValue(other) to give one')
  })
}

function compileOr(node: ASTNode, args: readonly ASTNode[], compiler: NodeCompiler): CompiledNode {
  const other = compiler.compile(args[1] as ASTNode)
  return optionalForm(node, args, compiler, (held, run) => {
    if (held !== undefined) return new Optional(held)
    const value = other.run(run)
    if (value instanceof Optional) return value
    run.at = other.offset
    throw run.fault('`or` needs an optional', 'use .orValue(other) to give a plain value')
  })
}

function compileOrValue(
  node: ASTNode,
  args: readonly ASTNode[],
  compiler: NodeCompiler,
): CompiledNode {
  const other = compiler.compile(args[1] as ASTNode)
  return optionalForm(node, args, compiler, (held, run) =>
    held === undefined ? other.run(run) : held,
  )
}
