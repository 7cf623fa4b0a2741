import type { ASTNode } from '@marcbachmann/cel-js'
import type { CompiledNode, NodeCompiler } from './compiled-node.ts'
import { compileComprehension, isComprehension } from './comprehensions.ts'
import type { Evaluation } from './evaluation.ts'
import { ExpressionFault } from './faults.ts'
import type { FunctionSpec } from './function-spec.ts'
import { expressionFunctions, functionTable } from './functions.ts'
import { nearestName } from '../../core/nearest.ts'
import { compilePattern } from './patterns.ts'
import { globalForms, namespaceForms, optionalForms } from './special-forms.ts'
import type { Value } from './values.ts'

type CallNode = Extract<ASTNode, { readonly op: 'call' }>
type MethodNode = Extract<ASTNode, { readonly op: 'rcall' }>

/** Compiles `name(…)`. @throws ExpressionFault for an unknown name or a wrong number of arguments */
export function compileCall(node: CallNode, compiler: NodeCompiler): CompiledNode {
  const [name, args] = node.args
  const form = globalForms.get(name)
  if (form !== undefined) return form(node, args, compiler)
  const spec = functionTable.get(name)
  if (spec === undefined) throw unknownFunction(node, name)
  if (spec.forms === 'method') throw wrongForm(node, spec)
  return compileFunction(node, { spec, args }, compiler)
}

/** What a method call is compiled with. */
export interface MethodContext {
  readonly compiler: NodeCompiler
  /** True for a name that is a variable here, and so no namespace. */
  readonly isBound: (name: string) => boolean
}

/** Compiles `a.name(…)`. @throws ExpressionFault for an unknown name or a wrong number of arguments */
export function compileMethod(node: MethodNode, context: MethodContext): CompiledNode {
  const [name, receiver, args] = node.args
  const { compiler, isBound } = context
  if (receiver.op === 'id' && !isBound(receiver.args)) {
    const namespaced = namespaceForms.get(`${receiver.args}.${name}`)
    if (namespaced !== undefined) return namespaced(node, args, compiler)
  }
  if (isComprehension(name, args.length)) {
    return compileComprehension({ node, name, range: receiver, args }, compiler)
  }
  const all = [receiver, ...args]
  const form = optionalForms.get(`${name}/${args.length}`)
  if (form !== undefined) return form(node, all, compiler)
  const spec = functionTable.get(name)
  if (spec === undefined) throw unknownFunction(node, name)
  if (spec.forms === 'global') throw wrongForm(node, spec)
  return compileFunction(node, { spec, args: all }, compiler)
}

interface Call {
  readonly spec: FunctionSpec
  readonly args: readonly ASTNode[]
}

function compileFunction(
  node: ASTNode,
  { spec, args }: Call,
  compiler: NodeCompiler,
): CompiledNode {
  const [min, max] = spec.arity
  if (args.length < min || args.length > max) {
    const message = `wrong number of arguments: it is written ${spec.signature}`
    throw new ExpressionFault(message, node.start)
  }
  const compiled = args.map((arg) => compiler.compile(arg))
  if (spec.name === 'matches') checkPattern(args[1] as ASTNode)
  const run = (run: Evaluation): Value => {
    const values = compiled.map((arg) => arg.run(run))
    run.at = node.start
    run.callee = spec.name
    return spec.call(values, run)
  }
  return compiler.node(node, { type: spec.returns, run })
}

/** A pattern that is written out is refused before anything runs. */
function checkPattern(pattern: ASTNode): void {
  if (pattern.op !== 'value' || typeof pattern.args !== 'string') return
  try {
    compilePattern(pattern.args)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'the pattern is not valid'
    throw new ExpressionFault(
      message,
      pattern.start,
      'RE2 knows no look-around and no back-references',
    )
  }
}

function unknownFunction(node: ASTNode, name: string): ExpressionFault {
  const row = expressionFunctions.find((candidate) => candidate.name === name)
  if (row !== undefined) {
    return new ExpressionFault(`\`${name}\` is written ${row.signature}`, node.start)
  }
  const near = nearestName(
    name,
    expressionFunctions.map((candidate) => candidate.name),
  )
  const hint = near === null ? null : `did you mean \`${near}\`?`
  return new ExpressionFault(`there is no function \`${name}\``, node.start, hint)
}

function wrongForm(node: ASTNode, spec: FunctionSpec): ExpressionFault {
  return new ExpressionFault(`\`${spec.name}\` is written ${spec.signature}`, node.start)
}
