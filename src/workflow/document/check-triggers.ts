import { Cron } from 'croner'
import { messageOf } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { nearestHint } from '../../core/nearest.ts'
import { describeValue } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, ownValue } from './value-at.ts'

/** Checks that each trigger has one cause, a cron pattern that can be read and a time zone that exists. */
export function checkTriggers(data: JsonValue, problems: ProblemList): void {
  for (const [index, trigger] of listAt(data, 'triggers').entries()) {
    if (isJsonObject(trigger)) checkTrigger(trigger, ['triggers', index], problems)
  }
}

function checkTrigger(trigger: JsonObject, path: Path, problems: ProblemList): void {
  const schedule = ownValue(trigger, 'schedule')
  const event = ownValue(trigger, 'event')
  if ((schedule === undefined) === (event === undefined)) {
    problems.add({
      path,
      message: 'a trigger has exactly one of schedule and event',
      found: schedule === undefined ? 'none of them' : 'both',
      expected: 'exactly one of schedule, event',
    })
    return
  }
  for (const [key, owner] of [
    ['timezone', 'schedule'],
    ['when', 'event'],
  ] as const) {
    if (ownValue(trigger, key) === undefined || ownValue(trigger, owner) !== undefined) continue
    problems.add({
      path: [...path, key],
      message: `the key '${key}' goes with ${owner} only`,
      found: key,
      expected: `no ${key} here`,
      place: 'key',
    })
  }
  const timezone = ownValue(trigger, 'timezone')
  if (typeof timezone === 'string' && !isTimezone(timezone)) {
    problems.add({
      path: [...path, 'timezone'],
      message: 'there is no such time zone',
      found: describeValue(timezone),
      expected: 'an IANA name such as Europe/Berlin, or UTC',
      hint: () => nearestHint(timezone, Intl.supportedValuesOf('timeZone')),
    })
  }
  if (typeof schedule === 'string') checkSchedule(schedule, [...path, 'schedule'], problems)
}

function checkSchedule(schedule: string, path: Path, problems: ProblemList): void {
  if (problems.has(path)) return
  const fault = (message: string, level: 'error' | 'warning'): void => {
    problems.add({
      path,
      message,
      found: describeValue(schedule),
      expected: 'a cron pattern such as */5 * * * *',
      hint: 'minute hour day-of-month month day-of-week',
      level,
    })
  }
  try {
    const cron = new Cron(schedule, { paused: true, timezone: 'UTC' })
    // The schedule is judged from a fixed moment, so that a document stays as valid as it was.
    if (cron.nextRun(new Date(0)) === null) fault('the schedule never comes due', 'warning')
  } catch (thrown) {
    fault(
      `the schedule cannot be read: ${messageOf(thrown).replace(/^CronPattern: /, '')}`,
      'error',
    )
  }
}

/** The names of three letters in the IANA database; Intl takes others too, of several meanings. */
const shortTimezones = new Set([
  'UTC',
  'GMT',
  'UCT',
  'EST',
  'MST',
  'HST',
  'WET',
  'CET',
  'MET',
  'EET',
  'PRC',
  'ROC',
  'ROK',
])

/** What Intl takes, except offsets such as `+02:00` and abbreviations such as `PST`. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  if (name.length === 3 && !shortTimezones.has(name.toUpperCase())) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
