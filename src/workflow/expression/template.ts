import { assertNever } from '../../core/assert.ts'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { secretNameOf, type SecretPlace } from '../../core/contracts/secret.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { compileExpression } from './compile.ts'
import { splitTemplate } from './delimiters.ts'
import type { CompiledExpression, CompiledTemplate, Reference, Scope } from './scope.ts'

/**
 * Compiles a value whose strings may hold `${ … }`. A string that is exactly one expression keeps its
 * value's type; otherwise each is interpolated (strings as they are, the rest as compact JSON). `$${` is a
 * literal `${`. An object `{ $secret: NAME }` is passed on unresolved. Keys are never templates.
 *
 * @throws ExpressionError with `details.path`, the keys to the string, and `details.offset` within it
 * @example
 * compileTemplate({ to: '${ input.name }!' }).evaluate({ input: { name: 'Ada' } }) // { to: 'Ada!' }
 */
export function compileTemplate(value: JsonValue): CompiledTemplate {
  const references: Reference[] = []
  const root = compileValue(value, [], references)
  return {
    references,
    secrets: secretPlaces(value, []),
    isConstant: root.kind === 'constant',
    evaluate: (scope) => evaluateNode(root, new TemplateRun(scope)),
  }
}

type Path = readonly (string | number)[]

type Node =
  | { readonly kind: 'constant'; readonly value: JsonValue }
  | { readonly kind: 'expression'; readonly part: ExpressionPart }
  | { readonly kind: 'text'; readonly parts: readonly (string | ExpressionPart)[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Node])[] }

interface ExpressionPart {
  readonly expression: CompiledExpression
  readonly path: Path
  /** Where the expression's text begins in its string. */
  readonly offset: number
}

function compileValue(value: JsonValue, path: Path, references: Reference[]): Node {
  if (typeof value === 'string') return compileText(value, path, references)
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value }
  if (path.length >= limits.depthMax) {
    const message = `the value is nested deeper than ${limits.depthMax} (depthMax)`
    throw new OrchestrationError('ExpressionError', message, { details: { path, offset: 0 } })
  }
  if (isJsonObject(value)) {
    return secretNameOf(value) !== null
      ? { kind: 'constant', value }
      : compileObject(value, path, references)
  }
  const items = value.map((item, index) => compileValue(item, [...path, index], references))
  return items.every((item, index) => isSame(item, value[index]))
    ? { kind: 'constant', value }
    : { kind: 'list', items }
}

function compileObject(value: JsonObject, path: Path, references: Reference[]): Node {
  const entries = Object.keys(value).map((key) => {
    return [key, compileValue(value[key] as JsonValue, [...path, key], references)] as const
  })
  return entries.every(([key, node]) => isSame(node, value[key]))
    ? { kind: 'constant', value }
    : { kind: 'object', entries }
}

/** True for a constant that is the given value itself, so that the value around it needs no copy. */
function isSame(node: Node, value: JsonValue | undefined): boolean {
  return node.kind === 'constant' && Object.is(node.value, value)
}

function secretPlaces(value: JsonValue, path: Path): readonly SecretPlace[] {
  if (typeof value !== 'object' || value === null) return []
  const name = secretNameOf(value)
  if (name !== null) return [{ path, name }]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([key, item]) => secretPlaces(item as JsonValue, [...path, key]))
}

function compileText(source: string, path: Path, references: Reference[]): Node {
  const parts = at({ path, offset: 0 }, () => splitTemplate(source)).map((part) => {
    if (part.kind === 'text') return part.text
    const { text, offset } = part
    const expression = at({ path, offset }, () => compileExpression(text))
    for (const found of expression.references) {
      references.push({ ...found, offset: found.offset + offset, path })
    }
    return { expression, path, offset }
  })
  const [first] = parts
  if (first === undefined) return { kind: 'constant', value: source }
  if (parts.length > 1) return { kind: 'text', parts }
  return typeof first === 'string'
    ? { kind: 'constant', value: first === source ? source : first }
    : { kind: 'expression', part: first }
}

/** One evaluation of a template: the scope, and how much text it may still make. */
class TemplateRun {
  readonly scope: Scope
  private charactersLeft: number = limits.payloadBytesMax

  constructor(scope: Scope) {
    this.scope = scope
  }

  value({ expression, path, offset }: ExpressionPart): JsonValue {
    return at({ path, offset }, () => expression.evaluate(this.scope))
  }

  text(parts: readonly (string | ExpressionPart)[]): string {
    const pieces = parts.map((part) => {
      if (typeof part === 'string') return this.counted(part, { path: [], offset: 0 })
      const value = this.value(part)
      return this.counted(typeof value === 'string' ? value : JSON.stringify(value), part)
    })
    return pieces.join('')
  }

  private counted(piece: string, { path, offset }: Place): string {
    this.charactersLeft -= piece.length
    if (this.charactersLeft >= 0) return piece
    const max = limits.payloadBytesMax
    const message = `the texts have more than ${max.toLocaleString('en-US')} characters (payloadBytesMax)`
    throw new OrchestrationError('ExpressionLimitError', message, {
      details: { path, offset, limit: 'payloadBytesMax', max },
      hint: 'pass the value on its own instead of inside of a text',
    })
  }
}

function evaluateNode(node: Node, run: TemplateRun): JsonValue {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'expression':
      return run.value(node.part)
    case 'text':
      return run.text(node.parts)
    case 'list':
      return node.items.map((item) => evaluateNode(item, run))
    case 'object':
      // `fromEntries` defines own properties, so a key such as `__proto__` stays data.
      return Object.fromEntries(node.entries.map(([key, item]) => [key, evaluateNode(item, run)]))
    default:
      return assertNever(node)
  }
}

interface Place {
  readonly path: Path
  readonly offset: number
}

/** Runs something, and adds to its error where in the template it happened. */
function at<Result>({ path, offset }: Place, work: () => Result): Result {
  try {
    return work()
  } catch (thrown) {
    if (!isOrchestrationError(thrown)) throw thrown
    const inner = thrown.details?.['offset']
    throw new OrchestrationError(thrown.code, thrown.message, {
      details: {
        ...thrown.details,
        path,
        offset: offset + (typeof inner === 'number' ? inner : 0),
      },
      ...(thrown.hint === null ? {} : { hint: thrown.hint }),
      cause: thrown,
    })
  }
}
