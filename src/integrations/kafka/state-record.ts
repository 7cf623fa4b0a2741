import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { StateImage, VersionedEntry } from '../../state/index.ts'
import type { IncomingRecord, OutgoingRecord } from './event-codec.ts'

/** One entry of one workflow as its record says it. */
export interface RecordedEntry {
  readonly workflowId: string
  readonly key: string
  /** Null: the workflow has ended, and the topic forgets it. */
  readonly image: StateImage | null
}

const contentType = { 'content-type': 'application/json' }

/**
 * The record of an entry. Its key names workflow and entry, so that compaction keeps the newest of each; a
 * deleted entry has a record without a value, so that its version goes on.
 */
export function stateRecord(
  topic: string,
  workflowId: string,
  { entry, revision }: { readonly entry: VersionedEntry; readonly revision: number },
): OutgoingRecord {
  const value = JSON.stringify({ workflowId, revision, ...entry })
  return { topic, key: recordKey(workflowId, entry.key), value, headers: contentType }
}

/** Makes the topic forget an entry. */
export function forgottenRecord(topic: string, workflowId: string, key: string): OutgoingRecord {
  return { topic, key: recordKey(workflowId, key), value: null, headers: contentType }
}

/** What a record says; null when it is none of these. */
export function readStateRecord({ key, value }: IncomingRecord): RecordedEntry | null {
  const name = parsed(key)
  if (!Array.isArray(name) || name.length !== 2) return null
  const [workflowId, entryKey] = name
  if (typeof workflowId !== 'string' || typeof entryKey !== 'string') return null
  if (value === null) return { workflowId, key: entryKey, image: null }
  const body = parsed(value)
  if (!isJsonObject(body) || body.workflowId !== workflowId || body.key !== entryKey) return null
  const { revision } = body
  const entry = entryOf(entryKey, body)
  if (entry === null || !isCount(revision)) return null
  return { workflowId, key: entryKey, image: { revision, entries: [entry] } }
}

function entryOf(key: string, body: JsonObject): VersionedEntry | null {
  const { version, value, metadata, atMs, expiresAtMs } = body
  if (!isCount(version) || !isCount(atMs) || !isJsonObject(metadata)) return null
  if (expiresAtMs !== null && !isCount(expiresAtMs)) return null
  return { key, version, ...(value === undefined ? {} : { value }), metadata, atMs, expiresAtMs }
}

function recordKey(workflowId: string, key: string): string {
  return JSON.stringify([workflowId, key])
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function parsed(text: string | null): JsonValue {
  try {
    return text === null ? null : (JSON.parse(text) as JsonValue)
  } catch {
    return null // no JSON: the caller says so
  }
}
