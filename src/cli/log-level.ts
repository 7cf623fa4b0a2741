import type { LogLevel } from '../core/logger.ts'

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** What AURA_LOG_LEVEL asks for; the default when it is not set, or names no level. */
export function logLevelOf(wanted: string | undefined, defaultLevel: LogLevel): LogLevel {
  return levels.find((level) => level === wanted) ?? defaultLevel
}
