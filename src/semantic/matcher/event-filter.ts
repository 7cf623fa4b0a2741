import type { JsonValue } from '../../core/json.ts'
import type { EventFilter, FieldCondition } from './declared-pattern.ts'
import { fieldOf, type PatternEvent } from './pattern-event.ts'

/**
 * Whether an event has the type and meets every condition of a filter; its `like` is not looked at. Numbers
 * are compared with numbers only; a field that is not there meets nothing but `exists: false` and `ne`.
 */
export function compileFilter({ type, where }: EventFilter): (event: PatternEvent) => boolean {
  const hasType = type.endsWith('*')
    ? (name: string) => name.startsWith(type.slice(0, -1))
    : (name: string) => name === type
  const conditions = Object.entries(where)
  return (event) =>
    hasType(event.type) &&
    conditions.every(([field, condition]) => meets(fieldOf(event, field), condition))
}

function meets(value: JsonValue | undefined, condition: FieldCondition): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition
  const { eq, ne, gt, gte, lt, lte, contains, exists } = condition
  const number = typeof value === 'number' ? value : Number.NaN
  return (
    (eq === undefined || value === eq) &&
    (ne === undefined || value !== ne) &&
    (gt === undefined || number > gt) &&
    (gte === undefined || number >= gte) &&
    (lt === undefined || number < lt) &&
    (lte === undefined || number <= lte) &&
    (condition.in === undefined || condition.in.some((one) => one === value)) &&
    (contains === undefined || has(value, contains)) &&
    (exists === undefined || exists === (value !== undefined && value !== null))
  )
}

/** A text that has `part` in it, or a list with `part` as an element. */
function has(value: JsonValue | undefined, part: string): boolean {
  if (typeof value === 'string') return value.includes(part)
  return Array.isArray(value) && value.includes(part)
}
