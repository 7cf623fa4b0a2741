import type { Client, Connection } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import type { Clock } from '../../core/clock.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { aesGcmCodec, type PayloadKeys } from './aes-gcm-codec.ts'
import { loadClient } from './load.ts'

/** Where Temporal is and what of it Aura uses. */
export interface TemporalPlace {
  /** `host:port` of its frontend. */
  readonly address: string
  /** Default `default`. */
  readonly namespace?: string
  /** Seals what Temporal stores of executions; clients and workers need the same. Default: it is stored as it is. */
  readonly payloadKeys?: PayloadKeys
}

/** How payloads travel, for client and worker alike. @throws UsageError for keys that are none */
export function converterOf({ payloadKeys }: TemporalPlace): {
  readonly dataConverter?: { readonly payloadCodecs: PayloadCodec[] }
} {
  if (payloadKeys === undefined) return {}
  return { dataConverter: { payloadCodecs: [aesGcmCodec(payloadKeys)] } }
}

const connectTimeoutMs = 5_000

export interface ConnectedClient {
  readonly client: Client
  readonly connection: Connection
}

/** Connects to Temporal. @throws UsageError without its package; StorageError when nothing answers within 5 s */
export async function connect(place: TemporalPlace): Promise<ConnectedClient> {
  const { address, namespace = 'default' } = place
  const converter = converterOf(place)
  const { Client, Connection } = await loadClient()
  try {
    const connection = await Connection.connect({ address, connectTimeout: connectTimeoutMs })
    return { client: new Client({ connection, namespace, ...converter }), connection }
  } catch (thrown) {
    throw outOfReach(address, thrown)
  }
}

/** Asks Temporal for its version. @throws as `connect` */
export async function probeTemporal({
  address,
  clock,
}: {
  readonly address: string
  readonly clock: Clock
}): Promise<{ readonly version: string; readonly latencyMs: number }> {
  const { connection } = await connect({ address })
  try {
    const startMs = clock.monotonicMs()
    const { serverVersion } = await connection.workflowService.getSystemInfo({})
    return { version: serverVersion ?? 'unknown', latencyMs: clock.monotonicMs() - startMs }
  } finally {
    await connection.close()
  }
}

/** The error for a Temporal that does not answer. */
export function outOfReach(address: string, cause: unknown): OrchestrationError {
  return new OrchestrationError(
    'StorageError',
    `Temporal does not answer at ${address}: ${messageOf(cause)}`,
    { retryable: true, hint: 'start it, or say where it is with TEMPORAL_ADDRESS', cause },
  )
}
