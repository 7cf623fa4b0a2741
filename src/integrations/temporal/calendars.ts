import type { CalendarSpec } from '@temporalio/client'
import { Cron } from 'croner'
import { OrchestrationError } from '../../core/errors.ts'

type Calendar = Required<Pick<CalendarSpec, (typeof fields)[number] | 'year'>>

/** The fields of a cron pattern, in its order; a seventh is the year. */
const fields = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const

const months = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const
const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/**
 * The times of a cron pattern as calendars of a schedule in Temporal, any of which may match. There a day has
 * to match both its day of the month and of the week; cron wants one of them when both are given, which makes two
 * calendars.
 *
 * @throws RefusedError for what Temporal's calendars cannot say: `L`, `W`, `#` and `+`, and years
 */
export function calendarsOf(pattern: string): readonly Calendar[] {
  const written = (nicknames[pattern.trim().toLowerCase()] ?? pattern)
    .replaceAll('?', '*')
    .trim()
    .split(/\s+/)
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year = '*'] =
    written.length === 5 ? ['0', ...written] : written
  const all = { second, minute, hour, dayOfMonth, month, dayOfWeek } as Fields
  if (year !== '*' || isBeyondCalendars(all)) throw cannotSay(pattern)
  const one = (given: Fields): Calendar => ({
    second: numbers(given, 'second', 0, 59),
    minute: numbers(given, 'minute', 0, 59),
    hour: numbers(given, 'hour', 0, 23),
    dayOfMonth: numbers(given, 'dayOfMonth', 1, 31),
    month: months.filter((_, index) => comes(given, 'month', index + 1)),
    dayOfWeek: days.filter((_, index) => comes(given, 'dayOfWeek', index)),
    year: '*',
  })
  if (all.dayOfMonth === '*' || all.dayOfWeek === '*') return [one(all)]
  return [one({ ...all, dayOfWeek: '*' }), one({ ...all, dayOfMonth: '*' })]
}

type Field = (typeof fields)[number]
type Fields = Readonly<Record<Field, string>>

function isBeyondCalendars({ dayOfMonth, dayOfWeek }: Fields): boolean {
  const weekday = dayOfWeek.replaceAll(/sun|mon|tue|wed|thu|fri|sat/gi, '')
  return /[LW]/i.test(dayOfMonth) || /[L#+]/i.test(weekday)
}

function numbers(given: Fields, field: Field, first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((value) =>
    comes(given, field, value),
  )
}

/** Whether a field has the value, as whoever reads cron patterns here judges it: the other fields match anything. */
function comes(given: Fields, field: Field, value: number): boolean {
  const pattern = fields.map((name) => (name === field ? given[name] : '*')).join(' ')
  return new Cron(pattern, { paused: true, timezone: 'UTC' }).match(timeWith(field, value))
}

/** 2023 began on a Sunday. */
function timeWith(field: Field, value: number): Date {
  const at = { second: 0, minute: 0, hour: 0, dayOfMonth: 1, month: 1, [field]: value }
  const day = field === 'dayOfWeek' ? value + 1 : at.dayOfMonth
  return new Date(Date.UTC(2023, at.month - 1, day, at.hour, at.minute, at.second))
}

function cannotSay(pattern: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `the schedule '${pattern}' has L, W, #, + or a year, which the schedules of Temporal cannot say`,
    { hint: 'write it with days of the month or of the week, or serve with the embedded engine' },
  )
}
