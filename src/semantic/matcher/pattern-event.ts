import type { CloudEvent } from '../../core/contracts/events.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'

/** An event as patterns see it; `atMs` is when it happened, null when nobody knows. */
export interface PatternEvent extends Omit<CloudEvent, 'time'> {
  readonly atMs: number | null
}

/** A CloudEvent with its time in milliseconds since the epoch. */
export function patternEventOf({
  id,
  source,
  type,
  time,
  subject,
  data,
}: CloudEvent): PatternEvent {
  // A leap second is no time that JavaScript knows; it counts as the second before it.
  const atMs = time === null ? null : Date.parse(time.replace(/:60(?=[.Zz+-])/, ':59'))
  return { id, source, type, subject, data, atMs: Number.isFinite(atMs) ? atMs : null }
}

/** The value at a field such as `subject` or `data.order.items.0`; undefined when it is not there. */
export function fieldOf(event: PatternEvent, field: string): JsonValue | undefined {
  const [attribute = '', ...path] = field.split('.')
  let value: JsonValue | undefined = attributeOf(event, attribute)
  for (const part of path) {
    if (Array.isArray(value)) value = (value as readonly JsonValue[])[Number(part)]
    else value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined
  }
  return value
}

function attributeOf(event: PatternEvent, attribute: string): JsonValue | undefined {
  if (attribute === 'data') return event.data
  if (attribute === 'id' || attribute === 'source' || attribute === 'type') return event[attribute]
  return attribute === 'subject' ? event.subject : undefined
}
