/** Metrics, traces and logs of the process. Enters by `createTelemetry` and `createLogger`. */
export { registerCollected } from './collected.ts'
export { createLogger } from './logger.ts'
export type { LoggerOptions, LogStream } from './logger.ts'
export type { ProcessReadings } from './process-usage.ts'
export { isSecretKey, redactFields, redactText } from './redaction.ts'
export { createTelemetry } from './telemetry.ts'
export type { ProcessTelemetry, TelemetryOptions } from './telemetry.ts'
