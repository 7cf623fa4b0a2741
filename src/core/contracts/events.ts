import { hash } from 'node:crypto'
import {
  isOrchestrationError,
  messageOf,
  OrchestrationError,
  ResourceExhaustionError,
} from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { limits } from '../limits.ts'

/** An event in the words of CloudEvents 1.0; `source` and `id` together name it, and repeats of it are dropped. */
export interface CloudEvent extends CloudEventExtensions {
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339; null when the sender gave none. */
  readonly time: string | null
  readonly subject: string | null
  readonly data: JsonValue
}

/** The extension attributes of CloudEvents that Aura knows; each is absent unless somebody has given it. */
export interface CloudEventExtensions {
  /** Events of one key are handled one after the other, in the order in which they were accepted. */
  readonly partitionkey?: string
  /** What the event belongs to: an execution, or a request and its reply. */
  readonly correlationid?: string
  /** The `id` of the event that this one answers or follows from. */
  readonly causationid?: string
  /** RFC 3339; nobody needs the event any more after it. */
  readonly expirytime?: string
  /** W3C trace context of whoever published it; one that is malformed is dropped. */
  readonly traceparent?: string
  /** Only beside `traceparent`. */
  readonly tracestate?: string
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

/** Version 00 of W3C Trace Context, section 3.2; ids of zeros alone mean nothing. */
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
/** The most characters of a `tracestate` that section 3.3.1.5 asks everybody to carry. */
const tracestateMax = 512

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
  if (typeof value === 'object' && value !== null && known.has(value)) return value as CloudEvent
  try {
    return read(value)
  } catch (thrown) {
    if (isOrchestrationError(thrown)) throw thrown
    throw refusal('its attributes can be read', messageOf(thrown))
  }
}

/** The event with other or more extension attributes, which must be valid; its data is not copied again. */
export function extendEvent(event: CloudEvent, extensions: CloudEventExtensions): CloudEvent {
  return remember({ ...readCloudEvent(event), ...extensions })
}

/** Names an event for whoever drops repeats: 22 characters made of `source` and `id`. */
export function repeatKey({ source, id }: CloudEvent): string {
  // The length keeps ('a', 'bc') and ('ab', 'c') apart. 132 bits are left of the hash.
  return hash('sha256', `${source.length}:${source}${id}`, 'base64url').slice(0, 22)
}

function read(value: unknown): CloudEvent {
  if (!isJsonObject(value)) throw refusal('an event is an object', describe(value))
  const { specversion, time = null, subject = null } = value
  if (specversion !== undefined && specversion !== '1.0')
    throw refusal("'specversion' is 1.0 or absent", describe(specversion))
  if (value['data_base64'] !== undefined)
    throw refusal("'data' is JSON", 'data_base64, which is not read')
  return remember({
    id: textOf(value.id, 'id'),
    source: textOf(value.source, 'source'),
    type: textOf(value.type, 'type'),
    time: time === null ? null : timeOf(time, 'time'),
    subject: subject === null ? null : textOf(subject, 'subject'),
    data: dataOf(value.data),
    ...extensionsOf(value),
  })
}

function remember(event: CloudEvent): CloudEvent {
  known.add(Object.freeze(event))
  return event
}

const textExtensions = ['partitionkey', 'correlationid', 'causationid'] as const

function extensionsOf(value: JsonObject): CloudEventExtensions {
  const found: { -readonly [K in keyof CloudEventExtensions]: CloudEventExtensions[K] } = {}
  for (const name of textExtensions) {
    const text = value[name] ?? null
    if (text !== null) found[name] = textOf(text, name)
  }
  const { expirytime = null, traceparent, tracestate } = value
  if (expirytime !== null) found.expirytime = timeOf(expirytime, 'expirytime')
  // As Trace Context has it, a malformed header is as good as none: work never fails for its sake.
  if (typeof traceparent === 'string' && traceparentPattern.test(traceparent)) {
    found.traceparent = traceparent
    if (typeof tracestate === 'string' && tracestate.length <= tracestateMax)
      found.tracestate = tracestate
  }
  return found
}

function timeOf(value: JsonValue, attribute: string): string {
  if (typeof value === 'string' && rfc3339.test(value)) return value
  throw refusal(`'${attribute}' is RFC 3339, such as 2026-05-01T12:00:00Z`, describe(value))
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
