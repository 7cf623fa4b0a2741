import type { Logger } from '../core/logger.ts'
import type { ClosableMirror, OpenEngineOptions } from '../engine/index.ts'
import { type EventMesh, inProcessMesh } from '../mesh/index.ts'
import type { ProcessTelemetry } from '../observability/index.ts'
import type { CommandContext } from './command-context.ts'
import { openFile } from './engine-access.ts'
import { closeMirrors, mirrorsOf } from './state-mirrors.ts'

type MakeMesh = NonNullable<OpenEngineOptions['mesh']>

/**
 * Opens the file together with the mesh of the process and the mirrors of state, which are closed again when
 * somebody else owns the file.
 *
 * @throws as `openFile`, `meshOf` and `mirrorsOf`
 */
export async function openFileWithMesh(
  context: CommandContext,
  options: Omit<NonNullable<Parameters<typeof openFile>[1]>, 'telemetry'> & {
    readonly telemetry: ProcessTelemetry
    readonly logger: Logger
    /** Stands between the mesh and the engine; default nothing. */
    readonly hearing?: (make: MakeMesh) => MakeMesh
  },
): Promise<Awaited<ReturnType<typeof openFile>> & Pick<ProcessMesh, 'shared'>> {
  const { mesh, shared } = await meshOf(context, options.telemetry, options.logger)
  let mirrors: readonly ClosableMirror[] = []
  let isOpen = false
  try {
    mirrors = await mirrorsOf(context, options.logger)
    const { hearing = (make) => make, ...rest } = options
    const access = await openFile(context, { ...rest, mesh: hearing(mesh), mirrors })
    isOpen = access.kind !== 'owned'
    return { ...access, shared }
  } finally {
    if (!isOpen) {
      await closeMirrors(mirrors)
      await shared?.close()
    }
  }
}

/** The mesh of a process: how an engine is given it, and the mesh itself where it is shared with others. */
interface ProcessMesh {
  readonly mesh: MakeMesh
  /** Null: it is inside the process alone. */
  readonly shared: EventMesh | null
}

/**
 * The mesh of a process that drives executions, traced and counted: over Kafka where `KAFKA_BROKERS` says
 * where that is, else inside the process.
 *
 * @throws InputError for an address that is none; AgentCommunicationError when no broker answers
 */
async function meshOf(
  context: CommandContext,
  telemetry: ProcessTelemetry,
  logger: Logger,
): Promise<ProcessMesh> {
  const shared = await sharedMesh(context, telemetry, logger)
  if (shared !== null) {
    telemetry.watchMesh(() => shared.readings())
    return { mesh: () => shared, shared }
  }
  return {
    shared: null,
    mesh: (host) => {
      const mesh = inProcessMesh({ ...host, tracer: telemetry.meshTracer })
      telemetry.watchMesh(() => mesh.readings())
      return mesh
    },
  }
}

/** The mesh over the brokers of `KAFKA_BROKERS`; null when there are none. @throws as `meshOf` */
export async function sharedMesh(
  { env, clock }: CommandContext,
  telemetry: ProcessTelemetry,
  logger: Logger,
): Promise<EventMesh | null> {
  const address = env['KAFKA_BROKERS'] ?? ''
  if (address === '') return null
  const { kafkaMesh, readBrokers } = await import('../integrations/kafka/index.ts')
  const brokers = readBrokers(address)
  return kafkaMesh({ brokers, clock, logger, tracer: telemetry.meshTracer })
}
