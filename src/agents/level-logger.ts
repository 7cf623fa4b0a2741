import type { LogFields, Logger, LogLevel } from '../core/logger.ts'

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** A logger that drops lines below `lowest`. */
export function atLeast(lowest: LogLevel, logger: Logger): Logger {
  return lowest === 'debug' ? logger : new LevelLogger(lowest, logger)
}

class LevelLogger implements Logger {
  readonly #lowest: LogLevel
  readonly #logger: Logger

  constructor(lowest: LogLevel, logger: Logger) {
    this.#lowest = lowest
    this.#logger = logger
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    if (rank[level] >= rank[this.#lowest]) this.#logger.log(level, message, fields)
  }

  with(fields: LogFields): Logger {
    return new LevelLogger(this.#lowest, this.#logger.with(fields))
  }
}
