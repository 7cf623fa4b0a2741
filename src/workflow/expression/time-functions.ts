import type { Evaluation } from './evaluation.ts'
import type { FunctionSpec } from './function-spec.ts'
import { textAt, wrongArgument } from './function-spec.ts'
import * as time from './time.ts'
import type { Value } from './values.ts'
import { asInt } from './values.ts'

/** Functions over timestamps and durations. A zone is a name such as `Europe/Paris` or an offset such as `+02:00`. */
export const timeFunctions: readonly FunctionSpec[] = [
  {
    name: 'timestamp',
    forms: 'global',
    arity: [1, 1],
    returns: 'timestamp',
    signature: 'timestamp(x)',
    summary: 'an instant from RFC 3339 text or from seconds since 1970',
    call: toTimestamp,
  },
  {
    name: 'duration',
    forms: 'global',
    arity: [1, 1],
    returns: 'duration',
    signature: 'duration(text)',
    summary: 'a length of time from text such as 5s, 1h30m or 250ms',
    call: toDuration,
  },
  part('getFullYear', 'the year', (date) => date.getUTCFullYear()),
  part('getMonth', 'the month, from 0', (date) => date.getUTCMonth()),
  part('getDate', 'the day of the month, from 1', (date) => date.getUTCDate()),
  part('getDayOfMonth', 'the day of the month, from 0', (date) => date.getUTCDate() - 1),
  part('getDayOfWeek', 'the day of the week, Sunday 0', (date) => date.getUTCDay()),
  part('getDayOfYear', 'the day of the year, from 0', dayOfYear),
  part(
    'getHours',
    'the hour; of a duration its whole hours',
    (date) => date.getUTCHours(),
    3_600_000n,
  ),
  part(
    'getMinutes',
    'the minute; of a duration its whole minutes',
    (date) => date.getUTCMinutes(),
    60_000n,
  ),
  part(
    'getSeconds',
    'the second; of a duration its whole seconds',
    (date) => date.getUTCSeconds(),
    1_000n,
  ),
  part(
    'getMilliseconds',
    'the millisecond; of a duration all of them',
    (date) => date.getUTCMilliseconds(),
    1n,
  ),
]

function toTimestamp(args: readonly Value[], run: Evaluation): Value {
  const value = args[0] as Value
  if (value instanceof time.Timestamp) return value
  if (typeof value === 'string') {
    const parsed = time.parseTimestamp(value)
    if (parsed !== undefined) return parsed
    throw run.fault('`timestamp` got text that is not RFC 3339', 'such as 2025-01-31T12:00:00Z')
  }
  const seconds = asInt(value)
  if (seconds === undefined) throw wrongArgument({ args, index: 0, run }, 'text or whole seconds')
  const result = time.timestampOf(seconds * 1_000_000_000n)
  if (result === undefined) throw run.fault('`timestamp` is outside of the years 1 to 9999')
  return result
}

function toDuration(args: readonly Value[], run: Evaluation): Value {
  if (args[0] instanceof time.Duration) return args[0]
  const parsed = time.parseDurationText(textAt(args, 0, run))
  if (parsed !== undefined) return parsed
  throw run.fault('`duration` got text that is no duration', 'such as 5s, 1h30m or 250ms')
}

/** A getter of a part of a timestamp, in UTC or a zone, and with `unitMs` of a duration too. */
function part(
  name: string,
  meaning: string,
  ...[read, unitMs]: readonly [(date: Date) => number, bigint?]
): FunctionSpec {
  return {
    name,
    forms: 'method',
    arity: [1, 2],
    returns: 'int',
    signature: `timestamp.${name}() or timestamp.${name}(zone)`,
    summary: meaning,
    call: (args, run) => {
      const value = args[0] as Value
      if (value instanceof time.Duration && unitMs !== undefined && args.length === 1) {
        return value.nanos / (unitMs * 1_000_000n)
      }
      if (!(value instanceof time.Timestamp))
        throw wrongArgument({ args, index: 0, run }, 'a timestamp')
      const ms = time.timestampMs(value)
      return BigInt(read(args.length === 2 ? inZone(ms, textAt(args, 1, run), run) : new Date(ms)))
    },
  }
}

function dayOfYear(date: Date): number {
  const firstDay = new Date(date)
  firstDay.setUTCMonth(0, 1)
  return Math.round((date.getTime() - firstDay.getTime()) / 86_400_000)
}

const formatters = new Map<string, Intl.DateTimeFormat>()
const formattersMax = 100

/** A date whose UTC parts are the parts of an instant in a zone. */
function inZone(ms: number, zone: string, run: Evaluation): Date {
  const fields = new Map<string, number>()
  for (const { type, value } of formatterFor(zone, run).formatToParts(ms))
    fields.set(type, Number(value))
  const get = (name: string): number => fields.get(name) ?? 0
  const date = new Date(0)
  date.setUTCFullYear(get('year'), get('month') - 1, get('day'))
  date.setUTCHours(get('hour'), get('minute'), get('second'), ((ms % 1000) + 1000) % 1000)
  return date
}

function formatterFor(zone: string, run: Evaluation): Intl.DateTimeFormat {
  run.work(100)
  const known = formatters.get(zone)
  if (known !== undefined) return known
  const [year, month, day] = ['numeric', 'numeric', 'numeric'] as const
  const [hour, minute, second] = ['numeric', 'numeric', 'numeric'] as const
  const fields = { year, month, day, hour, minute, second, hourCycle: 'h23' } as const
  let fresh: Intl.DateTimeFormat
  try {
    fresh = new Intl.DateTimeFormat('en-US-u-ca-iso8601', { timeZone: zone, ...fields })
  } catch {
    throw run.fault(`there is no time zone ${JSON.stringify(zone.slice(0, 40))}`)
  }
  if (formatters.size >= formattersMax) formatters.clear()
  formatters.set(zone, fresh)
  return fresh
}
