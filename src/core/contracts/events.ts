import { messageOf, OrchestrationError, ResourceExhaustionError } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json.ts'
import { limits } from '../limits.ts'

/** An event in the words of CloudEvents 1.0; `source` and `id` together name it, and repeats of it are dropped. */
export interface CloudEvent {
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339; null when the sender gave none. */
  readonly time: string | null
  readonly subject: string | null
  readonly data: JsonValue
}

/** Takes one event; a rejection means "not handled, deliver it again". Repeats must do no harm. */
export type EventConsumer = (event: CloudEvent) => Promise<void>

/** Where events come from, as far as a consumer needs to know. */
export interface EventSource {
  /** @param pattern a type, or the beginning of types followed by `*` */
  subscribe(pattern: string, consumer: EventConsumer): Promise<{ stop(): Promise<void> }>
}

/** Where events go. */
export interface EventSink {
  /** Resolves when the event is accepted. @throws ResourceExhaustionError when it is not, for now */
  publish(event: CloudEvent): Promise<void>
}

/** Characters of an event's id, source, type and subject. */
const textMax = 1_024
const rfc3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** What `readCloudEvent` has given out: frozen, so it need not be read again. */
const known = new WeakSet<object>()

/**
 * A CloudEvent from outside, in structured JSON or as an object, checked and copied; the copy and its data
 * are frozen. `specversion` may be left out; attributes that `CloudEvent` does not have are dropped; absent
 * `time`, `subject` and `data` are null. What was read before is given back as it is.
 *
 * @throws InputError naming the attribute; ResourceExhaustionError for data over `payloadBytesMax`
 */
export function readCloudEvent(value: unknown): CloudEvent {
  if (!isJsonObject(value)) throw refusal('an event is an object', describe(value))
  if (known.has(value)) return value as unknown as CloudEvent
  const { specversion, time = null, subject = null } = value
  if (specversion !== undefined && specversion !== '1.0')
    throw refusal("'specversion' is 1.0 or absent", describe(specversion))
  if (value['data_base64'] !== undefined)
    throw refusal("'data' is JSON", 'data_base64, which is not read')
  if (time !== null && (typeof time !== 'string' || !rfc3339.test(time)))
    throw refusal("'time' is RFC 3339, such as 2026-05-01T12:00:00Z", describe(time))
  const event = Object.freeze({
    id: textOf(value.id, 'id'),
    source: textOf(value.source, 'source'),
    type: textOf(value.type, 'type'),
    time,
    subject: subject === null ? null : textOf(subject, 'subject'),
    data: dataOf(value.data),
  })
  known.add(event)
  return event
}

function textOf(value: JsonValue | undefined, attribute: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= textMax) return value
  throw refusal(`'${attribute}' is a text of 1 to ${textMax} characters`, describe(value))
}

/** A frozen copy of what JSON makes of the data, so that no reader sees what another one changes. */
function dataOf(data: unknown): JsonValue {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (thrown) {
    throw refusal("'data' is JSON", messageOf(thrown))
  }
  if (text === undefined) return null
  if (text.length > limits.payloadBytesMax || Buffer.byteLength(text) > limits.payloadBytesMax) {
    throw new ResourceExhaustionError(
      `the event's data is over payloadBytesMax ${limits.payloadBytesMax} bytes`,
      {
        hint: 'send a reference (a path, an id) instead of the data',
        details: { limit: 'payloadBytesMax', max: limits.payloadBytesMax },
      },
    )
  }
  return frozen(JSON.parse(text) as JsonValue, 0)
}

function frozen(value: JsonValue, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= limits.depthMax)
    throw refusal(`'data' is nested at most ${limits.depthMax} deep (depthMax)`, 'more')
  for (const part of Object.values(value)) frozen(part, depth + 1)
  return Object.freeze(value)
}

function refusal(rule: string, found: string): OrchestrationError {
  return new OrchestrationError('InputError', `this is no event: ${rule}, found ${found}`, {
    hint: 'send a CloudEvents 1.0 event: { "id", "source", "type", "data" }',
  })
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
