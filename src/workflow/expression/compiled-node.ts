import type { ASTNode } from '@marcbachmann/cel-js'
import type { Evaluation } from './evaluation.ts'
import { ExpressionFault } from './faults.ts'
import type { StaticType, Value } from './values.ts'
import { typeOf } from './values.ts'

/** A part of an expression, ready to run. */
export interface CompiledNode {
  readonly run: (run: Evaluation) => Value
  readonly type: StaticType
  /** True when the result is a part of the scope's JSON and needs no conversion. */
  readonly isData: boolean
  /** Where it stands in the source, for errors. */
  readonly offset: number
  /** Its text, for errors. */
  readonly text: () => string
}

/** `a.b`, `a.?b`, `a[b]` or `a[?b]`. */
export type AccessNode = Extract<ASTNode, { readonly op: '.' | '.?' | '[]' | '[?]' }>

/** A variable of a comprehension or of `cel.bind`, visible only in its body. */
export interface BoundBody {
  readonly slot: number
  readonly bodies: readonly CompiledNode[]
  /** How many parts the bodies have: what one turn of a comprehension costs. */
  readonly parts: number
}

/** What the compilers of the special forms need of the one that called them. */
export interface NodeCompiler {
  compile(node: ASTNode): CompiledNode
  /** Compiles what a field or an index is taken of, and notes the step that is named so. */
  container(node: AccessNode): CompiledNode
  /** Compiles bodies in which `name` is a variable. @throws ExpressionFault when `name` is no plain name */
  bind(name: ASTNode, bodies: readonly ASTNode[]): BoundBody
  /** As `bind`, one comprehension deeper. @throws ExpressionFault beyond `comprehensionDepthMax` */
  bindEach(name: ASTNode, bodies: readonly ASTNode[]): BoundBody
  node(node: ASTNode, parts: NodeParts): CompiledNode
}

/** What is particular to a node; `type` is `dyn` and `isData` false when left out. */
export interface NodeParts {
  readonly run: CompiledNode['run']
  readonly type?: StaticType
  readonly isData?: boolean
}

/** The value of a part, or the fault it raised, for operators that may do without it. */
export function attempt(node: CompiledNode, run: Evaluation): Value | ExpressionFault {
  try {
    return node.run(run)
  } catch (thrown) {
    if (thrown instanceof ExpressionFault) return thrown
    throw thrown
  }
}

/** Refuses, before evaluation, a part that can never be a bool. @throws ExpressionFault */
export function requireBool(node: CompiledNode, what: string): void {
  if (node.type === 'dyn' || node.type === 'bool') return
  throw new ExpressionFault(`${what} must be a bool, found ${node.type}`, node.offset)
}

/** The fault of a value that had to be a bool. */
export function notBool(node: CompiledNode, value: Value, what: string): ExpressionFault {
  const message = `${what} must be a bool, but \`${node.text()}\` is ${typeOf(value)}`
  return new ExpressionFault(message, node.offset)
}
