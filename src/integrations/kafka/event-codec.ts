import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { messageBytesMax } from './topics.ts'

/** What is written to a topic. */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string
  /** Null removes what was written under the key, in a compacted topic. */
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** What was read from a topic. */
export interface IncomingRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: ReadonlyMap<string, string>
}

const json = 'application/json'
const structured = 'application/cloudevents'
/** Says that the key only spreads events over partitions and puts them in no order. */
const unkeyed = 'aura-unkeyed'

const attributes = [
  'id',
  'source',
  'type',
  'time',
  'subject',
  'partitionkey',
  'correlationid',
  'causationid',
  'expirytime',
  'traceparent',
  'tracestate',
] as const

/** Trace Context and the semantic conventions of messaging look for these without the prefix too. */
const plain = ['traceparent', 'tracestate'] as const

/**
 * An event as a message: CloudEvents' Kafka binding 1.0.2, section 3.2 (binary content mode), its key as the
 * `partitionkey`. Events without one are keyed by their id, so that a repeat goes where the first one went.
 *
 * @throws ResourceExhaustionError when it is larger than `messageBytesMax`
 */
export function encodeEvent(
  topic: string,
  event: CloudEvent,
  more: Readonly<Record<string, string>> = {},
): OutgoingRecord {
  const headers: Record<string, string> = { ce_specversion: '1.0', 'content-type': json, ...more }
  for (const name of attributes) {
    const value = event[name] ?? null
    if (value !== null) headers[`ce_${name}`] = value
  }
  for (const name of plain) if (event[name] !== undefined) headers[name] = event[name]
  if (event.partitionkey === undefined) headers[unkeyed] = '1'
  const key = event.partitionkey ?? `${event.source} ${event.id}`
  const record = { topic, key, value: JSON.stringify(event.data), headers }
  refuseTooLarge(record, event.type)
  return record
}

/** @throws InputError for a message that is no event; ResourceExhaustionError for data over `payloadBytesMax` */
export function decodeEvent({ key, value, headers }: IncomingRecord): CloudEvent {
  const contentType = headers.get('content-type') ?? json
  if (contentType.startsWith(structured)) return readCloudEvent(parse(value))
  if (!headers.has('ce_type') && !headers.has('ce_id')) {
    throw new OrchestrationError(
      'InputError',
      'a message is no CloudEvent: it has no ce_ headers',
      {
        hint: "send events as CloudEvents' Kafka binding has it, in binary or structured mode",
      },
    )
  }
  if (!/^application\/(?:[^;]*\+)?json\b/.test(contentType)) {
    throw new OrchestrationError('InputError', `the data of an event is JSON, not ${contentType}`)
  }
  const found: Record<string, JsonValue> = { data: parse(value) }
  for (const name of ['specversion', ...attributes]) {
    const text = headers.get(`ce_${name}`)
    if (text !== undefined) found[name] = text
  }
  for (const name of plain) found[name] ??= headers.get(name) ?? null
  if (key !== null && key !== '' && !headers.has(unkeyed)) found['partitionkey'] ??= key
  return readCloudEvent(found)
}

function parse(value: string | null): JsonValue {
  if (value === null || value === '') return null
  try {
    return JSON.parse(value) as JsonValue
  } catch (thrown) {
    throw new OrchestrationError('InputError', 'the data of an event is no JSON', { cause: thrown })
  }
}

function refuseTooLarge({ key, value, headers }: OutgoingRecord, type: string): void {
  let bytes = Buffer.byteLength(key) + Buffer.byteLength(value ?? '')
  for (const [name, text] of Object.entries(headers))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text) + headerFrameBytes
  if (bytes + recordFrameBytes <= messageBytesMax) return
  throw new ResourceExhaustionError(
    `event '${type}' has ${bytes} bytes, which is over messageBytesMax ${messageBytesMax}`,
    {
      hint: 'send a reference (a path, an id) instead of the data',
      details: { limit: 'messageBytesMax', max: messageBytesMax },
    },
  )
}

/** Bytes around a record and its batch, and around each header, rounded up. */
const recordFrameBytes = 256
const headerFrameBytes = 10
