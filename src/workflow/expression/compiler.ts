import type { ASTNode } from '@marcbachmann/cel-js'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import {
  allSteps,
  isAccess,
  missing,
  oneStep,
  optionalOf,
  placeHints,
  shortened,
} from './access.ts'
import { compileCall, compileMethod } from './calls.ts'
import type {
  AccessNode,
  BoundBody,
  CompiledNode,
  NodeCompiler,
  NodeParts,
} from './compiled-node.ts'
import { attempt, notBool, requireBool } from './compiled-node.ts'
import type { Evaluation } from './evaluation.ts'
import { ExpressionFault } from './faults.ts'
import { nearestName } from '../../core/nearest.ts'
import type { BinaryOperator } from './operators.ts'
import { applyBinary, binaryType, negate, overloadHint } from './operators.ts'
import type { RootName } from './reserved.ts'
import { isRootName, rootNames } from './reserved.ts'
import type { Reference } from './scope.ts'
import type { StaticType, Value } from './values.ts'
import { lookUp, mapKey, Optional, typeNames, typeOf } from './values.ts'

/** Nested parts of one expression; it keeps compiling and evaluating well inside the stack. */
const nestingMax = 400

/**
 * Turns a parsed expression into closures. The parser is cel-js's; evaluation is here, because theirs
 * reads `constructor` of foreign objects, drops such keys from maps, and counts neither items nor text.
 */
export class Compiler implements NodeCompiler {
  readonly references: Reference[] = []
  private readonly source: string
  private readonly slots = new Map<string, number>()
  private parts = 0
  private nesting = 0
  private comprehensionDepth = 0
  private nextSlot = 0

  constructor(source: string) {
    this.source = source
  }

  node(node: ASTNode, { run, type = 'dyn', isData = false }: NodeParts): CompiledNode {
    const { start, end } = node
    return {
      run,
      type,
      isData,
      offset: start,
      text: () => shortened(this.source.slice(start, end)),
    }
  }

  compile(node: ASTNode): CompiledNode {
    this.parts++
    if (++this.nesting > nestingMax) {
      throw new ExpressionFault(
        `the expression has more than ${nestingMax} nested parts`,
        node.start,
      )
    }
    const compiled = this.compileOperator(node)
    this.nesting--
    return compiled
  }

  private compileOperator(node: ASTNode): CompiledNode {
    switch (node.op) {
      case 'value':
        return this.literal(node, node.args)
      case 'id':
        return this.name(node, node.args)
      case '.':
      case '.?':
      case '[]':
      case '[?]':
        return this.access(node)
      case 'call':
        return compileCall(node, this)
      case 'rcall':
        return compileMethod(node, { compiler: this, isBound: (name) => this.slots.has(name) })
      case 'list':
        return this.list(node, node.args)
      case 'map':
        return this.map(node, node.args)
      case '?:':
        return this.ternary(node, node.args)
      case '&&':
      case '||':
        return this.logical(node, node.args)
      case '!_':
        return this.not(node, node.args)
      case '-_':
        return this.minus(node, node.args)
      default:
        return this.binary(node, node.op, node.args)
    }
  }

  private literal(node: ASTNode, raw: unknown): CompiledNode {
    const isUnsigned = typeof raw === 'object' && raw !== null && !(raw instanceof Uint8Array)
    const value = (isUnsigned ? raw.valueOf() : raw) as Value
    if (typeof value === 'bigint' && value >= 2n ** 63n) {
      throw new ExpressionFault(`the int ${value} needs more than 64 bits`, node.start)
    }
    return this.node(node, { type: typeOf(value), run: () => value })
  }

  private name(node: ASTNode, name: string): CompiledNode {
    const slot = this.slots.get(name)
    if (slot !== undefined) return this.node(node, { run: (run) => run.variables[slot] as Value })
    if (isRootName(name)) {
      const root = this.root(node, { root: name, stepId: null, offset: node.start })
      return name === 'steps' ? this.node(node, { run: (run) => allSteps(root.run(run)) }) : root
    }
    const type = typeNames.get(name)
    if (type !== undefined) return this.node(node, { type: 'type', run: () => type })
    const near = nearestName(name, [...rootNames, ...this.slots.keys()])
    const known = `names in scope are ${rootNames.join(', ')}`
    const hint = near === null ? known : `did you mean \`${near}\`?`
    throw new ExpressionFault(`there is no name \`${name}\``, node.start, hint)
  }

  private root(node: ASTNode, reference: Reference): CompiledNode {
    this.references.push(reference)
    const name = reference.root as RootName
    const run = (run: Evaluation): Value => {
      const value = run.scope[name]
      if (value !== undefined) return value as JsonValue
      run.at = node.start
      throw run.fault(`\`${name}\` has no value here`, placeHints[name] ?? null)
    }
    return this.node(node, { run, isData: true })
  }

  container(node: AccessNode): CompiledNode {
    const left = node.args[0]
    if (this.isSteps(left)) return this.steps(left, node.args[1])
    // `steps.a` on its way to `steps.a.output` is read where it is; on its own it is copied.
    return isAccess(left) && this.isSteps(left.args[0])
      ? this.plainAccess(left)
      : this.compile(left)
  }

  private isSteps(node: ASTNode): boolean {
    return node.op === 'id' && node.args === 'steps' && !this.slots.has('steps')
  }

  private steps(node: ASTNode, right: ASTNode | string): CompiledNode {
    const key = typeof right === 'string' || right.op !== 'value' ? right : right.args
    const stepId = typeof key === 'string' ? key : null
    return this.root(node, { root: 'steps', stepId, offset: node.start })
  }

  private access(node: AccessNode): CompiledNode {
    const plain = this.plainAccess(node)
    if (!this.isSteps(node.args[0])) return plain
    return this.node(node, { type: plain.type, run: (run) => oneStep(plain.run(run)) })
  }

  private plainAccess(node: AccessNode): CompiledNode {
    const container = this.container(node)
    const right = node.args[1]
    const field = typeof right === 'string' ? right : null
    const index = typeof right === 'string' ? null : this.compile(right)
    if (node.op === '.?' || node.op === '[?]') {
      const run = (run: Evaluation): Value =>
        optionalOf(container.run(run), field ?? (index as CompiledNode).run(run))
      return this.node(node, { type: 'optional', run })
    }
    const run = (run: Evaluation): Value => {
      const held = container.run(run)
      const key = field ?? (index as CompiledNode).run(run)
      const value = lookUp(held, key)
      if (value !== undefined) return value
      if (held instanceof Optional) return optionalOf(held, key)
      run.at = node.start
      throw missing({ container, held, key }, run)
    }
    return this.node(node, { run, isData: container.isData })
  }

  private list(node: ASTNode, args: readonly ASTNode[]): CompiledNode {
    const items = args.map((arg) => this.compile(arg))
    return this.node(node, { type: 'list', run: (run) => items.map((item) => item.run(run)) })
  }

  private map(node: ASTNode, args: readonly (readonly [ASTNode, ASTNode])[]): CompiledNode {
    const entries = args.map(([key, value]) => [this.compile(key), this.compile(value)] as const)
    const run = (run: Evaluation): Value => {
      const map = new Map<Value, Value>()
      for (const [keyNode, valueNode] of entries) {
        const key = mapKey(keyNode.run(run))
        run.at = keyNode.offset
        if (!['string', 'int', 'bool'].includes(typeOf(key))) {
          throw run.fault(`a key of a map must be a string, an int or a bool, found ${typeOf(key)}`)
        }
        if (map.has(key)) throw run.fault(`the key \`${keyNode.text()}\` is in the map twice`)
        map.set(key, valueNode.run(run))
      }
      return map
    }
    return this.node(node, { type: 'map', run })
  }

  private ternary(node: ASTNode, args: readonly ASTNode[]): CompiledNode {
    const [test, yes, no] = args.map((arg) => this.compile(arg)) as [
      CompiledNode,
      CompiledNode,
      CompiledNode,
    ]
    requireBool(test, 'the condition of `? :`')
    const run = (run: Evaluation): Value => {
      const result = test.run(run)
      if (result === true) return yes.run(run)
      if (result === false) return no.run(run)
      throw notBool(test, result, 'the condition of `? :`')
    }
    const type = yes.type === no.type ? yes.type : 'dyn'
    return this.node(node, { run, type, isData: yes.isData && no.isData })
  }

  /** Either side may decide alone, also when the other is a fault: `&&` and `||` commute in CEL. */
  private logical(node: ASTNode, args: readonly ASTNode[]): CompiledNode {
    const what = `each side of \`${node.op}\``
    const decisive = node.op === '||'
    const [left, right] = args.map((arg) => this.compile(arg)) as [CompiledNode, CompiledNode]
    for (const side of [left, right]) requireBool(side, what)
    const run = (run: Evaluation): Value => {
      const first = attempt(left, run)
      if (first === decisive) return decisive
      const second = right.run(run)
      if (second === decisive) return decisive
      if (first instanceof ExpressionFault) throw first
      if (first !== !decisive) throw notBool(left, first, what)
      if (second !== !decisive) throw notBool(right, second, what)
      return !decisive
    }
    return this.node(node, { type: 'bool', run })
  }

  private not(node: ASTNode, arg: ASTNode): CompiledNode {
    const operand = this.compile(arg)
    requireBool(operand, 'the operand of `!`')
    const run = (run: Evaluation): Value => {
      const value = operand.run(run)
      if (typeof value === 'boolean') return !value
      throw notBool(operand, value, 'the operand of `!`')
    }
    return this.node(node, { type: 'bool', run })
  }

  private minus(node: ASTNode, arg: ASTNode): CompiledNode {
    if (arg.op === 'value' && arg.args === 2n ** 63n) {
      return this.node(node, { type: 'int', run: () => -(2n ** 63n) })
    }
    const operand = this.compile(arg)
    const type: StaticType = operand.type
    if (!['dyn', 'int', 'double', 'duration'].includes(type)) {
      throw new ExpressionFault(`\`-\` needs a number, found ${type}`, node.start)
    }
    const run = (run: Evaluation): Value => {
      const value = operand.run(run)
      run.at = node.start
      return negate(value, run)
    }
    return this.node(node, { type, run })
  }

  private binary(
    node: ASTNode,
    op: BinaryOperator,
    args: readonly [ASTNode, ASTNode],
  ): CompiledNode {
    const [left, right] = args.map((arg) => this.compile(arg)) as [CompiledNode, CompiledNode]
    const type = binaryType(op, left.type, right.type)
    if (type === null) {
      const message = `no such operation: ${left.type} ${op} ${right.type}`
      throw new ExpressionFault(message, node.start, overloadHint(op, left.type, right.type))
    }
    const run = (run: Evaluation): Value => {
      const a = left.run(run)
      const b = right.run(run)
      run.at = node.start
      return applyBinary(op, [a, b], run)
    }
    return this.node(node, { type, run })
  }

  bind(name: ASTNode, bodies: readonly ASTNode[]): BoundBody {
    if (name.op !== 'id') {
      throw new ExpressionFault('the variable must be a plain name', name.start)
    }
    const outer = this.slots.get(name.args)
    const slot = this.nextSlot++
    this.slots.set(name.args, slot)
    const before = this.parts
    const compiled = bodies.map((body) => this.compile(body))
    if (outer === undefined) this.slots.delete(name.args)
    else this.slots.set(name.args, outer)
    return { slot, bodies: compiled, parts: this.parts - before }
  }

  bindEach(name: ASTNode, bodies: readonly ASTNode[]): BoundBody {
    if (++this.comprehensionDepth > limits.comprehensionDepthMax) {
      const max = limits.comprehensionDepthMax
      const message = `comprehensions nest at most ${max} deep (comprehensionDepthMax)`
      throw new ExpressionFault(message, name.start, 'compute the inner list in a step of its own')
    }
    const bound = this.bind(name, bodies)
    this.comprehensionDepth--
    return bound
  }
}
