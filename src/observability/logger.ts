import { pino } from 'pino'
import type { Logger as Pino } from 'pino'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import type { LogFields, Logger, LogLevel } from '../core/logger.ts'
import { formatLogLine } from './log-line.ts'
import { redactFields, redactText } from './redaction.ts'

/** Where lines go: a writable stream, or anything with its `write`. */
export interface LogStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  hasColors?(): boolean
}

export interface LoggerOptions {
  /** Lines below it are dropped. Default `info`. */
  readonly level?: LogLevel
  /** Default standard error: standard output belongs to a command's result. */
  readonly stream?: LogStream
  /** True for lines for a person, false for JSON. Default: whether the stream is a terminal. */
  readonly pretty?: boolean
  /** Default the computer's clock. */
  readonly clock?: Clock
}

type Fields = Record<string, JsonValue>
type Write = (level: LogLevel, message: string, fields: Fields) => void

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const ownKeys = ['level', 'time', 'message']

/**
 * A logger that writes one line an entry, with secrets taken out of fields and text. A JSON line has `level`, `time`
 * (RFC 3339, UTC), the fields and `message`; a field named like one of these three gets a `_` in front.
 *
 * @example
 * const logger = createLogger({ level: 'debug' }).with({ executionId: 'inc-1' })
 * logger.log('warn', 'the agent is slow', { stepId: 'analyse', waitedMs: 4_200 })
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', stream = process.stderr, clock = systemClock } = options
  const pretty = options.pretty ?? stream.isTTY === true
  const write = pretty ? prettyWriter(stream, clock) : jsonWriter(stream, clock)
  return new LineLogger(rank[level], write, { parent: null, added: {} })
}

class LineLogger implements Logger {
  readonly #lowest: number
  readonly #write: Write
  readonly #parent: LineLogger | null
  readonly #added: LogFields
  #fields: Fields | null = null

  constructor(lowest: number, write: Write, from: { parent: LineLogger | null; added: LogFields }) {
    this.#lowest = lowest
    this.#write = write
    this.#parent = from.parent
    this.#added = from.added
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    if (rank[level] < this.#lowest) return
    const bound = this.#bound()
    const all = fields === undefined ? bound : { ...bound, ...lineFields(fields) }
    this.#write(level, redactText(message), all)
  }

  with(fields: LogFields): Logger {
    return new LineLogger(this.#lowest, this.#write, { parent: this, added: fields })
  }

  // Merged with the first line: most loggers made for an attempt never write one.
  #bound(): Fields {
    this.#fields ??= {
      ...(this.#parent === null ? {} : this.#parent.#bound()),
      ...lineFields(this.#added),
    }
    return this.#fields
  }
}

function lineFields(fields: LogFields): Fields {
  const plain = redactFields(fields)
  for (const key of ownKeys) {
    const value = plain[key]
    if (value === undefined) continue
    plain[`_${key}`] = value
    delete plain[key]
  }
  return plain
}

function jsonWriter(stream: LogStream, clock: Clock): Write {
  const lines: Pino = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (text: string) => void stream.write(text) },
  )
  return (level, message, fields) => lines[level](fields, message)
}

function prettyWriter(stream: LogStream, clock: Clock): Write {
  const withColour = stream.isTTY === true && stream.hasColors?.() === true
  return (level, message, fields) => {
    const line = { level, atMs: clock.nowMs(), message, fields }
    stream.write(`${formatLogLine(line, withColour)}\n`)
  }
}
