import type { ASTNode } from '@marcbachmann/cel-js'
import type { AccessNode, CompiledNode } from './compiled-node.ts'
import type { Evaluation } from './evaluation.ts'
import type { ExpressionFault } from './faults.ts'
import type { RootName } from './reserved.ts'
import type { Value } from './values.ts'
import { asInt, isList, lookUp, none, Optional, typeOf } from './values.ts'

/** Where the names that are not everywhere are to be found. */
export const placeHints: Readonly<Partial<Record<RootName, string>>> = {
  output: '`output` is there only in `outputs` and `repeat.until`',
  call: '`call` is there only in `compensate.with`',
  item: '`item` is there only in a step with `forEach`',
  index: '`index` is there only in a step with `forEach`',
  event: '`event` is there only in a trigger',
  load: '`load` is there only in a policy',
  cost: '`cost` is there only in a policy',
  step: '`step` is there only in a policy',
}

/** True for a field or an index taken of something. */
export function isAccess(node: ASTNode): node is AccessNode {
  return node.op === '.' || node.op === '.?' || node.op === '[]' || node.op === '[?]'
}

/** A copy of what `steps` shows, so that no result holds on to a view that reads the engine's state. */
export function allSteps(steps: Value): Value {
  const entries = Object.entries(steps as Readonly<Record<string, Value>>)
  return new Map(entries.map(([id, view]) => [id, oneStep(view)]))
}

/** A copy of one step as `steps` shows it. */
export function oneStep(view: Value): Value {
  if (view instanceof Optional)
    return view.value === undefined ? view : new Optional(oneStep(view.value))
  return new Map(['output', 'status', 'error'].map((key) => [key, lookUp(view, key) ?? null]))
}

/** `a.?b` and `a[?b]`: absent when the container, the key or the container's own value is. */
export function optionalOf(held: Value, key: Value): Optional {
  const inner = held instanceof Optional ? held.value : held
  if (inner === undefined) return none
  const value = lookUp(inner, key)
  return value === undefined ? none : new Optional(value)
}

/** Something that a container does not hold. */
export interface Missing {
  readonly container: CompiledNode
  readonly held: Value
  readonly key: Value
}

/** The fault of a field or an element that is not there, in the words of the source. */
export function missing({ container, held, key }: Missing, run: Evaluation): ExpressionFault {
  const text = container.text()
  const shown =
    typeof key === 'string' ? `\`${shortened(key)}\`` : `index ${String(asInt(key) ?? typeOf(key))}`
  const hint = 'ask with has(a.b), or give another value with a.?b.orValue(c)'
  if (held === null) return run.fault(`\`${text}\` is null, so it has no ${shown}`, hint)
  if (isList(held)) {
    if (asInt(key) === undefined)
      return run.fault(`\`${text}\` is a list, which takes an int as index`)
    return run.fault(`\`${text}\` has ${held.length} elements, so no ${shown}`, hint)
  }
  if (typeOf(held) === 'map') return run.fault(`\`${text}\` has no key ${shown}`, hint)
  return run.fault(`\`${text}\` is ${typeOf(held)}, so it has no ${shown}`)
}

/** At most 80 characters of a text. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
