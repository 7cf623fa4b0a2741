import { z } from 'zod'
import { OrchestrationError, StateConsistencyError } from '../../core/errors.ts'
import { isJsonObject, jsonEqual, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { StateWriteOptions, WorkflowEngine, WorkflowStateEntry } from '../../engine/index.ts'
import { executionParams } from '../contract/executions.ts'
import {
  stateDeleteHeaders,
  stateList,
  stateParams,
  stateValue,
  stateWriteHeaders,
  stateWriteQuery,
} from '../contract/state.ts'
import { operation, type Operation } from '../operation.ts'
import { parseJson } from '../request-body.ts'

const tag = 'state'
const path = '/v1/executions/{id}/state/{key}'
const entryHeaders = {
  etag: 'The version of the entry, as `"3"`.',
  'x-aura-timestamp-ms': 'When it was written, in milliseconds since the epoch.',
  'x-aura-ttl-ms': 'How long after that it is gone; absent: it stays.',
  'x-aura-metadata': 'A JSON object.',
}

/** The state that the steps of an execution share. */
export const stateOperations: readonly Operation[] = [
  operation({
    id: 'listState',
    method: 'GET',
    path: '/v1/executions/{id}/state',
    tag,
    summary: 'All entries, by key',
    params: executionParams,
    answers: { 200: { description: 'At most stateKeysMax of them.', schema: stateList } },
    problems: [404],
    handle: async ({ options }, { params }) => ({
      status: 200,
      body: { entries: await options.engine.listState(params.id), nextCursor: null },
    }),
  }),
  operation({
    id: 'getState',
    method: 'GET',
    path,
    tag,
    summary: 'The value under a key',
    params: stateParams,
    answers: { 200: { description: 'The value.', schema: stateValue, headers: entryHeaders } },
    problems: [404],
    async handle({ options }, { params }) {
      const entry = await options.engine.getStateEntry(params.id, params.key)
      if (entry === null) throw noEntry(params)
      return { status: 200, body: entry.value, headers: headersOf(entry) }
    },
  }),
  operation({
    id: 'setState',
    method: 'PUT',
    path,
    tag,
    summary: 'Writes a value, with If-Match only over the version that was read',
    params: stateParams,
    query: stateWriteQuery,
    headers: stateWriteHeaders,
    body: { schema: stateValue, reading: 'value' },
    answers: {
      204: {
        description: 'It is durable.',
        headers: { etag: 'The version; absent when the value was overwritten since.' },
      },
    },
    problems: [404, 409, 412, 429],
    async handle({ options: { engine } }, { params, query, headers, body }) {
      const { id, key } = params
      const options = writeOptions(headers, query.ttlMs)
      if (isAny(headers)) await overwrite(engine, params, { value: body, options })
      else await engine.setState(id, key, body, options)
      const entry = await engine.getStateEntry(id, key)
      // Another writer's version would let this one overwrite what it has never seen.
      const isOwn = entry !== null && jsonEqual(entry.value, body)
      return { status: 204, headers: isOwn ? { etag: `"${entry.version}"` } : {} }
    },
  }),
  operation({
    id: 'deleteState',
    method: 'DELETE',
    path,
    tag,
    summary: 'Deletes an entry',
    params: stateParams,
    headers: stateDeleteHeaders,
    answers: { 204: { description: 'It is gone.' } },
    problems: [404, 409, 412],
    async handle({ options: { engine } }, { params, headers }) {
      const { id, key } = params
      const isThere = await engine.deleteState(id, key, expected(headers['if-match']))
      if (!isThere) throw isAny(headers) ? nothingToMatch(params) : noEntry(params)
      return { status: 204 }
    },
  }),
]

type WriteHeaders = z.infer<typeof stateWriteHeaders>

/** @throws InputError */
function writeOptions(headers: WriteHeaders, ttlOfQuery: number | undefined): StateWriteOptions {
  const isNew = headers['if-none-match'] !== undefined
  if (isNew && headers['if-match'] !== undefined) {
    throw refused('If-Match and If-None-Match do not go together')
  }
  const ttlMs = headers['x-aura-ttl-ms'] ?? ttlOfQuery
  const metadata = headers['x-aura-metadata']
  return {
    ...(isNew ? { expectedVersion: 0 } : expected(headers['if-match'])),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
  }
}

function expected(ifMatch: string | undefined): { readonly expectedVersion?: number } {
  if (ifMatch === undefined || ifMatch.trim() === '*') return {}
  const version = /^"?(\d{1,15})"?$/.exec(ifMatch.trim())?.[1]
  if (version === undefined) throw refused(`If-Match takes one version, such as "3", or *`)
  return { expectedVersion: Number(version) }
}

/** Whether any version of the entry will do, as long as there is one. */
function isAny(headers: Pick<WriteHeaders, 'if-match'>): boolean {
  return headers['if-match']?.trim() === '*'
}

/**
 * Writes over an entry, whatever its version is.
 *
 * @throws StateConsistencyError when there is none
 */
async function overwrite(
  engine: WorkflowEngine,
  params: z.infer<typeof stateParams>,
  write: { readonly value: JsonValue; readonly options: StateWriteOptions },
): Promise<void> {
  const { id, key } = params
  for (;;) {
    const entry = await engine.getStateEntry(id, key)
    if (entry === null) throw nothingToMatch(params)
    try {
      const expectedVersion = entry.version
      await engine.setState(id, key, write.value, { ...write.options, expectedVersion })
      return
    } catch (thrown) {
      // Another writer was faster, which is none of this one's business, unless it deleted the entry.
      const now = await engine.getStateEntry(id, key)
      if (now?.version === entry.version) throw thrown
    }
  }
}

function metadataOf(header: string): JsonObject {
  // A header holds bytes; what is beyond ASCII in it is UTF-8.
  const value = parseJson(Buffer.from(header, 'latin1').toString('utf8'))
  if (!isJsonObject(value)) throw refused('x-aura-metadata must be a JSON object')
  return value
}

function headersOf({ version, timestampMs, ttlMs, metadata }: WorkflowStateEntry): {
  [name: string]: string
} {
  return {
    etag: `"${version}"`,
    'x-aura-timestamp-ms': String(timestampMs),
    ...(ttlMs === null ? {} : { 'x-aura-ttl-ms': String(ttlMs) }),
    'x-aura-metadata': asciiJson(metadata),
  }
}

/** JSON that a header can carry. */
function asciiJson(value: JsonObject): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function nothingToMatch({ id, key }: z.infer<typeof stateParams>): StateConsistencyError {
  return new StateConsistencyError(
    `the state of '${id}' has no entry '${key}', and If-Match: * wants one`,
    { hint: 'write it without If-Match', details: { key, version: 0, expectedVersion: null } },
  )
}

function noEntry({ id, key }: z.infer<typeof stateParams>): OrchestrationError {
  return new OrchestrationError('NotFoundError', `the state of '${id}' has no entry '${key}'`)
}

function refused(message: string): OrchestrationError {
  return new OrchestrationError('InputError', message)
}
