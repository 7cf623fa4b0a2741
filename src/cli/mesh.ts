import type { OpenEngineOptions } from '../engine/index.ts'
import { inProcessMesh } from '../mesh/index.ts'
import type { ProcessTelemetry } from '../observability/index.ts'

/** The mesh of a process that drives executions, traced and counted. */
export function meshOf(telemetry: ProcessTelemetry): NonNullable<OpenEngineOptions['mesh']> {
  return (host) => {
    const mesh = inProcessMesh({ ...host, tracer: telemetry.meshTracer })
    telemetry.watchMesh(() => mesh.readings())
    return mesh
  }
}
