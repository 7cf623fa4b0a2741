import { crc32 } from 'node:zlib'

/** Of a row of `journal`. */
export interface CheckedJournalRow {
  readonly execution: number
  readonly seq: number
  readonly count: number
  readonly codec: number
  readonly payload: string | Uint8Array
}

/** Of a row of `executions` or `tombstones`, without what changes. */
export interface CheckedExecution {
  readonly execution: number
  readonly executionId: string
  readonly definition: number
  readonly startHash: string | Uint8Array
  readonly startedAtMs: number
  readonly parent: number | null
}

/** `journal.checksum`: of the stored payload, bound to its place. Null in the file: never computed. */
export function journalChecksum(row: CheckedJournalRow): number {
  let bound = mix(0, row.execution)
  bound = mix(bound, row.seq)
  bound = mix(bound, row.count)
  bound = mix(bound, row.codec)
  return crcOf(row.payload, bound) | 0
}

/** `executions.checksum` and `tombstones.checksum`: of what a start writes once. */
export function executionChecksum(row: CheckedExecution): number {
  let bound = mix(0, row.execution)
  bound = mix(bound, row.definition)
  bound = mix(bound, row.startedAtMs)
  bound = mix(bound, row.parent ?? -1)
  return evenlyWide(crcOf(row.startHash, crcOf(row.executionId, bound)))
}

/**
 * `executions.state_checksum`: of the stored status and end, which an update can compute without reading
 * the row.
 *
 * @param status the stored code
 */
export function stateChecksum(execution: number, status: number, endedAtMs: number | null): number {
  return evenlyWide(mix(mix(mix(0, execution), status), endedAtMs ?? -1))
}

/** `documents.checksum` */
export function documentChecksum(row: {
  readonly hash: string
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  return crcOf(row.payload, crcOf(row.hash, mix(0, row.codec))) | 0
}

/** `definitions.checksum`: `documentHash` stands for the document's number. */
export function definitionChecksum(row: {
  readonly definition: number
  readonly documentHash: string
  readonly workflow: string
  readonly version: string
  readonly metadata: string | Uint8Array
}): number {
  const text = `${row.documentHash}\n${row.workflow}\n${row.version}\n`
  return crcOf(row.metadata, crcOf(text, mix(0, row.definition))) | 0
}

/** `snapshots.checksum` */
export function snapshotChecksum(row: {
  readonly execution: number
  readonly seq: number
  readonly kernelVersion: number
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  let bound = mix(0, row.execution)
  bound = mix(bound, row.seq)
  bound = mix(bound, row.kernelVersion)
  bound = mix(bound, row.codec)
  return crcOf(row.payload, bound) | 0
}

/** `dead_letters.checksum` */
export function deadLetterChecksum(row: {
  readonly id: string
  readonly execution: number
  readonly stepId: string | null
  readonly atMs: number
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const bound = mix(mix(mix(0, row.execution), row.atMs), row.codec)
  const text = `${row.id}\n${row.stepId ?? '\n'}\n`
  return crcOf(row.payload, crcOf(text, bound)) | 0
}

/** `budgets.checksum` */
export function budgetChecksum(row: {
  readonly scope: string
  readonly name: string
  readonly fromMs: number
  readonly calls: number
  readonly tokens: number
  readonly costNanoUsd: number
}): number {
  let bound = mix(0, row.fromMs)
  bound = mix(bound, row.calls)
  bound = mix(bound, row.tokens)
  bound = mix(bound, row.costNanoUsd)
  return crcOf(`${row.scope}\n${row.name}`, bound) | 0
}

/** `queue_messages.checksum`: of the stored event, bound to its place. */
export function messageChecksum(row: {
  readonly position: number
  readonly queue: string
  readonly repeatKey: string
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const bound = mix(mix(0, row.position), row.codec)
  return crcOf(row.payload, crcOf(`${row.queue}\n${row.repeatKey}\n`, bound)) | 0
}

/** `outbox.checksum`: of the stored event, bound to where it was published. */
export function outboxChecksum(row: {
  readonly execution: number
  readonly seq: number
  readonly place: number
  readonly atMs: number
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const place = mix(mix(mix(0, row.execution), row.seq), row.place)
  return crcOf(row.payload, mix(mix(place, row.atMs), row.codec)) | 0
}

/** `routers.checksum` */
export function routerChecksum(row: {
  readonly name: string
  readonly version: number
  readonly profilesHash: string
  readonly trainedAtMs: number
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const bound = mix(mix(mix(0, row.version), row.trainedAtMs), row.codec)
  return crcOf(row.payload, crcOf(`${row.name}\n${row.profilesHash}\n`, bound)) | 0
}

/** `routing_outcomes.checksum` */
export function outcomeChecksum(row: {
  readonly name: string
  readonly atMs: number
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  return crcOf(row.payload, crcOf(`${row.name}\n`, mix(mix(0, row.atMs), row.codec))) | 0
}

/** `workflows.checksum`: `documentHash` stands for the document's number. */
export function workflowChecksum(row: {
  readonly name: string
  readonly version: string
  readonly documentHash: string
  readonly registeredAtMs: number
}): number {
  const text = `${row.documentHash}\n${row.name}\n${row.version}`
  return crcOf(text, mix(0, row.registeredAtMs)) | 0
}

/** `graph_threads.checksum` */
export function graphThreadChecksum(row: {
  readonly threadId: string
  readonly checkpointNs: string
}): number {
  return crcOf(`${row.threadId}\n${row.checkpointNs}`, 0) | 0
}

/** `graph_records.checksum` */
export function graphRecordChecksum(row: {
  readonly thread: number
  readonly checkpointId: string | null
  readonly taskId: string
  readonly parentId: string | null
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const text = `${row.checkpointId ?? '\n'}\n${row.taskId}\n${row.parentId ?? '\n'}\n`
  return crcOf(row.payload, crcOf(text, mix(mix(0, row.thread), row.codec))) | 0
}

/** `memories.checksum` */
export function memoryChecksum(row: {
  readonly number: number
  readonly owner: string
  readonly namespace: string
  readonly key: string
  readonly createdAtMs: number
  readonly writtenAtMs: number
  readonly expiresAtMs: number | null
  readonly codec: number
  readonly payload: string | Uint8Array
}): number {
  const times = mix(mix(mix(0, row.createdAtMs), row.writtenAtMs), row.expiresAtMs ?? -1)
  const text = `${row.owner}\n${row.namespace}\n${row.key}\n`
  return crcOf(row.payload, crcOf(text, mix(mix(times, row.number), row.codec))) | 0
}

/**
 * One more integer in a 32-bit hash: multiply and shift as in MurmurHash3 (Appleby), over its lower and
 * its upper half.
 */
function mix(hash: number, integer: number): number {
  let mixed = Math.imul(hash ^ integer, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ Math.floor(integer / 4_294_967_296), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** SQLite stores numbers of this range in four bytes each, so that an update never grows its row. */
function evenlyWide(hash: number): number {
  return (hash & 0x3fffffff) | 0x40000000
}

/** The same bytes as a text or as bytes are not the same: one altered byte of a row makes one of the other. */
function crcOf(value: string | Uint8Array, bound: number): number {
  return crc32(value, (typeof value === 'string' ? bound : ~bound) >>> 0)
}
