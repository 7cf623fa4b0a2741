import type { ASTNode } from '@marcbachmann/cel-js'
import { Environment, ParseError } from '@marcbachmann/cel-js'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import type { CompiledNode } from './compiled-node.ts'
import { Compiler } from './compiler.ts'
import { stripDelimiters } from './delimiters.ts'
import { Evaluation } from './evaluation.ts'
import { ExpressionFault, LimitFault } from './faults.ts'
import type { CompiledExpression, Reference, Scope } from './scope.ts'
import { toJsonValue } from './to-json.ts'
import type { StaticType } from './values.ts'

const parser = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
})

/** Compiled expressions that are remembered by source. */
const cacheMax = 2_000
const cache = new Map<string, CompiledExpression>()

/**
 * Checks an expression, with or without `${ }` around it, and makes it ready to run. Equal sources give
 * the same object, as long as it is among the 2,000 used last.
 *
 * @throws ExpressionError with `details.offset`, the offset in `source`, when it is not valid CEL, reads
 *   a name or calls a function that does not exist, or can never have a value
 * @example
 * compileExpression('size(input.items) > 1').evaluate({ input: { items: [1, 2] } }) // true
 */
export function compileExpression(source: string): CompiledExpression {
  const known = cache.get(source)
  if (known !== undefined) {
    cache.delete(source)
    cache.set(source, known)
    return known
  }
  const fresh = compileFresh(source)
  if (cache.size >= cacheMax) {
    const [oldest] = cache.keys()
    if (oldest !== undefined) cache.delete(oldest)
  }
  cache.set(source, fresh)
  return fresh
}

function compileFresh(source: string): CompiledExpression {
  if (source.length > limits.expressionCharactersMax) {
    const max = limits.expressionCharactersMax.toLocaleString('en-US')
    const message = `the expression has more than ${max} characters (expressionCharactersMax)`
    throw new OrchestrationError('ExpressionError', message, { details: { offset: 0 } })
  }
  const { text, shift } = stripDelimiters(source)
  try {
    if (text.trim() === '') throw new ExpressionFault('the expression is empty', 0)
    const compiler = new Compiler(text)
    const root = compiler.compile(parse(text))
    const references = compiler.references.map((reference) => ({
      ...reference,
      offset: reference.offset + shift,
    }))
    return new Expression({ source, references, root, shift })
  } catch (thrown) {
    throw toError(thrown, shift)
  }
}

function parse(text: string): ASTNode {
  try {
    return parser.parse(text).ast
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown
    const offset = thrown.range?.start ?? 0
    throw new ExpressionFault(`not valid CEL: ${thrown.summary}`, offset, syntaxHint(text, offset))
  }
}

interface ExpressionParts {
  readonly source: string
  readonly references: readonly Reference[]
  readonly root: CompiledNode
  /** How far the expression's text stands from the start of the source. */
  readonly shift: number
}

class Expression implements CompiledExpression {
  readonly source: string
  readonly references: readonly Reference[]
  readonly resultType: StaticType
  private readonly root: CompiledNode
  private readonly shift: number

  constructor({ source, references, root, shift }: ExpressionParts) {
    this.source = source
    this.references = references
    this.resultType = root.type
    this.root = root
    this.shift = shift
  }

  evaluate(scope: Scope): JsonValue {
    const evaluation = new Evaluation(scope)
    try {
      const value = this.root.run(evaluation)
      evaluation.at = this.root.offset
      return this.root.isData ? (value as JsonValue) : toJsonValue(value, evaluation)
    } catch (thrown) {
      throw toError(thrown, this.shift)
    }
  }
}

/** The error that leaves this folder: faults and a spent stack become typed errors, others pass. */
function toError(thrown: unknown, shift: number): unknown {
  if (isOrchestrationError(thrown)) return thrown
  if (thrown instanceof ExpressionFault) {
    return new OrchestrationError('ExpressionError', thrown.message, {
      details: { offset: thrown.offset + shift },
      ...(thrown.hint === null ? {} : { hint: thrown.hint }),
    })
  }
  if (thrown instanceof LimitFault) {
    return new OrchestrationError(
      'ExpressionLimitError',
      `the expression passed a limit: ${thrown.message}`,
      {
        details: { offset: thrown.offset + shift, limit: thrown.limit, max: thrown.max },
        hint: 'work on less data, or move the work into an agent',
      },
    )
  }
  if (thrown instanceof RangeError) {
    return new OrchestrationError(
      'ExpressionError',
      'the expression or its data is nested too deeply',
      {
        details: { offset: shift },
        cause: thrown,
      },
    )
  }
  return thrown
}

/** What people most often mean by text that is not CEL. */
function syntaxHint(text: string, offset: number): string | null {
  const near = text.slice(Math.max(0, offset - 1), offset + 3)
  if (near.includes('$')) return 'an expression stands in one `${ }`; do not nest another'
  if (/[^=!<>]=(?!=)/.test(` ${near}`)) return 'compare with =='
  if (near.includes('===')) return 'compare with =='
  if (/^(and|or|not)\b/.test(text.slice(offset))) return 'write &&, || and !'
  if (/\.\s*$/.test(text.slice(0, offset))) return 'write a["key"] for a key that is no plain name'
  return null
}
