import type { Logger } from '../../core/logger.ts'
import type { EventMesh } from '../../mesh/index.ts'
import type { ProcessTelemetry } from '../../observability/index.ts'
import { MeshTdaClient } from '../../tda/index.ts'
import type { CommandContext } from '../command-context.ts'
import { sharedMesh } from '../mesh.ts'

/** Where workers publish, and hear of anomalies. */
export interface WorkerMesh {
  readonly mesh: EventMesh
  readonly tda: MeshTdaClient
  close(): Promise<void>
}

/** Over the brokers of `KAFKA_BROKERS`; null when there are none. @throws as `sharedMesh` */
export async function openWorkerMesh(
  context: CommandContext,
  telemetry: ProcessTelemetry,
  logger: Logger,
): Promise<WorkerMesh | null> {
  const mesh = await sharedMesh(context, telemetry, logger)
  if (mesh === null) return null
  try {
    const tda = await MeshTdaClient.open({ mesh, clock: context.clock, logger })
    return {
      mesh,
      tda,
      async close() {
        await tda.close()
        await mesh.close()
      },
    }
  } catch (thrown) {
    await mesh.close()
    throw thrown
  }
}
