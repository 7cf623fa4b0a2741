import type { JsonValue } from '../core/json.ts'
import type { LogLevel } from '../core/logger.ts'

const colours: Readonly<Record<LogLevel, number>> = { debug: 90, info: 36, warn: 33, error: 31 }

export interface LogLine {
  readonly level: LogLevel
  readonly atMs: number
  readonly message: string
  readonly fields: Readonly<Record<string, JsonValue>>
}

/**
 * One line for a person: UTC time of day, level, message, then `key=value` pairs. Control characters, also line
 * breaks, are shown and not sent, so that no text an agent wrote can move the reader's cursor.
 */
export function formatLogLine(line: LogLine, withColour: boolean): string {
  const time = new Date(line.atMs).toISOString().slice(11, 23)
  const level = line.level.toUpperCase().padEnd(5)
  const shownLevel = withColour ? `\u001B[${colours[line.level]}m${level}\u001B[39m` : level
  const pairs = Object.entries(line.fields).map(
    ([key, value]) => ` ${visible(key)}=${visible(fieldText(value))}`,
  )
  return `${time} ${shownLevel} ${visible(line.message)}${pairs.join('')}`
}

function fieldText(value: JsonValue): string {
  return typeof value === 'string' && value !== '' && !/[\s"=]/.test(value)
    ? value
    : JSON.stringify(value)
}

function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return String.raw`\n`
    if (character === '\t') return String.raw`\t`
    return String.raw`\u` + character.codePointAt(0)?.toString(16).padStart(4, '0')
  })
}
