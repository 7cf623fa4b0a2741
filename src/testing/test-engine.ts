import { silentTelemetry } from '../core/contracts/telemetry.ts'
import { silentLogger } from '../core/logger.ts'
import { EmbeddedEngine, type EmbeddedEngineParts } from '../engine/index.ts'

/** What a test must give an embedded engine; the rest is silent and owned by nobody. */
export type TestEngineParts = Pick<EmbeddedEngineParts, 'journal' | 'agents' | 'clock' | 'random'> &
  Partial<EmbeddedEngineParts>

/** Puts the real embedded engine together over what a test gives it. */
export function testEngine(parts: TestEngineParts): EmbeddedEngine {
  return new EmbeddedEngine({
    logger: silentLogger,
    telemetry: silentTelemetry,
    flags: null,
    listeners: new Set(),
    release: () => Promise.resolve(),
    ...parts,
  })
}
