import type { Client, Connection, TLSConfig } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import type { Clock } from '../../core/clock.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { aesGcmCodec, type PayloadKeys } from './aes-gcm-codec.ts'
import { largePayloads, type PayloadStore } from './large-payloads.ts'
import { loadClient } from './load.ts'

/** Where Temporal is and what of it Aura uses. */
export interface TemporalPlace {
  /** `host:port` of its frontend. */
  readonly address: string
  /** Default `default`. */
  readonly namespace?: string
  /** Encrypts the connection; with certificates of its own where the server asks for them. Default: not, but with `apiKey`. */
  readonly tls?: TLSConfig | boolean
  /** Of Temporal Cloud, or of whoever checks `authorization` in front of Temporal. */
  readonly apiKey?: string
  /** Seals what Temporal stores of executions; clients and workers need the same. Default: it is stored as it is. */
  readonly payloadKeys?: PayloadKeys
  /** Keeps what is too large for Temporal, over 2 MB at once; clients and workers need the same. Default: it is refused. */
  readonly payloadStore?: PayloadStore
}

/** How payloads travel, for client and worker alike. @throws UsageError for keys that are none */
export function converterOf({ payloadKeys, payloadStore }: TemporalPlace): {
  readonly dataConverter: { readonly payloadCodecs: PayloadCodec[] }
} {
  const sealing = payloadKeys === undefined ? null : aesGcmCodec(payloadKeys)
  const large = largePayloads(payloadStore ?? null, sealing)
  return { dataConverter: { payloadCodecs: sealing === null ? [large] : [large, sealing] } }
}

const connectTimeoutMs = 5_000

export interface ConnectedClient {
  readonly client: Client
  readonly connection: Connection
}

/** How a connection is made, for client and worker alike. */
export function accessOf({ address, tls, apiKey }: TemporalPlace): {
  readonly address: string
  readonly tls?: TLSConfig | boolean
  readonly apiKey?: string
} {
  return {
    address,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
  }
}

/**
 * Connects to Temporal.
 *
 * @throws UsageError without its package or its namespace, or when the credentials are refused; StorageError
 *   when nothing answers within 5 s
 */
export async function connect(place: TemporalPlace): Promise<ConnectedClient> {
  const { namespace = 'default' } = place
  const converter = converterOf(place)
  const { Client, Connection } = await loadClient()
  try {
    const connection = await Connection.connect({
      ...accessOf(place),
      connectTimeout: connectTimeoutMs,
    })
    try {
      await connection.workflowService.describeNamespace({ namespace })
      return { client: new Client({ connection, namespace, ...converter }), connection }
    } catch (thrown) {
      await connection.close()
      throw thrown
    }
  } catch (thrown) {
    throw noAccess(place, thrown)
  }
}

/** What answers at an address. */
export interface TemporalAnswer {
  readonly version: string
  readonly latencyMs: number
  /** Processes that have asked for work of the task queue within the last minutes. */
  readonly workers: number
}

/** Asks Temporal for its version and for the workers of a task queue. @throws as `connect` */
export async function probeTemporal({
  clock,
  taskQueue,
  ...place
}: TemporalPlace & {
  readonly taskQueue: string
  readonly clock: Clock
}): Promise<TemporalAnswer> {
  const { client, connection } = await connect(place)
  try {
    const startMs = clock.monotonicMs()
    const { serverVersion } = await connection.workflowService.getSystemInfo({})
    const latencyMs = clock.monotonicMs() - startMs
    const workers = await workersOf(client, taskQueue)
    return { version: serverVersion ?? 'unknown', latencyMs, workers }
  } finally {
    await connection.close()
  }
}

/** How many have asked for work of a task queue within the last minutes. */
export async function workersOf(client: Client, taskQueue: string): Promise<number> {
  const { namespace } = client.options
  // Without a type it is the one of workflows.
  const asked = { namespace, taskQueue: { name: taskQueue } }
  const { pollers } = await client.workflowService.describeTaskQueue(asked)
  return new Set(pollers.map(({ identity }) => identity)).size
}

/** Status codes of gRPC. */
const notFound = 5
const permissionDenied = 7
const unauthenticated = 16

/** Why Temporal cannot be used from here: it does not answer, refuses the credentials, or lacks the namespace. */
export function noAccess(place: TemporalPlace, cause: unknown): OrchestrationError {
  const { address, namespace = 'default' } = place
  const code = codeOf(cause)
  if (code === notFound)
    return new OrchestrationError(
      'UsageError',
      `Temporal at ${address} has no namespace '${namespace}'`,
      { hint: `make it: temporal operator namespace create ${namespace}`, cause },
    )
  if (code === permissionDenied || code === unauthenticated)
    return new OrchestrationError(
      'UsageError',
      `Temporal at ${address} refuses the credentials for namespace '${namespace}'`,
      { hint: 'look at apiKey and tls of the engine and its workers', cause },
    )
  return outOfReach(address, cause)
}

function codeOf(thrown: unknown): unknown {
  const { code, cause } = (thrown ?? {}) as { readonly code?: unknown; readonly cause?: unknown }
  return typeof code === 'number' ? code : ((cause ?? {}) as { readonly code?: unknown }).code
}

/** The error for a Temporal that does not answer. */
export function outOfReach(address: string, cause: unknown): OrchestrationError {
  return new OrchestrationError(
    'StorageError',
    `Temporal does not answer at ${address}: ${messageOf(cause)}`,
    { retryable: true, hint: 'start it, or say where it is with TEMPORAL_ADDRESS', cause },
  )
}
