import type { Client, Connection } from '@temporalio/client'
import type { Clock } from '../../core/clock.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { loadClient } from './load.ts'

/** Where Temporal is and what of it Aura uses. */
export interface TemporalPlace {
  /** `host:port` of its frontend. */
  readonly address: string
  /** Default `default`. */
  readonly namespace?: string
}

const connectTimeoutMs = 5_000

export interface ConnectedClient {
  readonly client: Client
  readonly connection: Connection
}

/** Connects to Temporal. @throws UsageError without its package; StorageError when nothing answers within 5 s */
export async function connect({ address, namespace }: TemporalPlace): Promise<ConnectedClient> {
  const { Client, Connection } = await loadClient()
  try {
    const connection = await Connection.connect({ address, connectTimeout: connectTimeoutMs })
    return { client: new Client({ connection, namespace: namespace ?? 'default' }), connection }
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
