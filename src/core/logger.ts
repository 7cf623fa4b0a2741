import type { JsonValue } from './json.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, JsonValue | undefined>>

/** Structured logging: a sentence and its fields. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  log() {},
  with: () => silentLogger,
}
