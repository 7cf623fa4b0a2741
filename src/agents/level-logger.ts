import type { AgentLogger } from './contract.ts'
import type { LogFields, Logger, LogLevel } from '../core/logger.ts'

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** The logger of an agent: drops lines below `lowest`, and has a method for each level. */
export function agentLogger(lowest: LogLevel, logger: Logger): AgentLogger {
  return new LevelLogger(lowest, logger)
}

class LevelLogger implements AgentLogger {
  readonly #lowest: LogLevel
  readonly #logger: Logger

  constructor(lowest: LogLevel, logger: Logger) {
    this.#lowest = lowest
    this.#logger = logger
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    if (rank[level] >= rank[this.#lowest]) this.#logger.log(level, message, fields)
  }

  debug(message: string, fields?: LogFields): void {
    this.log('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.log('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.log('error', message, fields)
  }

  with(fields: LogFields): AgentLogger {
    return new LevelLogger(this.#lowest, this.#logger.with(fields))
  }
}
