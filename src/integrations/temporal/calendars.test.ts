import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CronSchedule } from '../../engine/triggers/cron-schedule.ts'
import { calendarsOf } from './calendars.ts'

type Calendar = ReturnType<typeof calendarsOf>[number]

const months =
  'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'
const days = 'SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY'

/** Whether Temporal takes the time, in UTC: every field of one calendar has its value. */
function matches(calendar: Calendar, at: Date): boolean {
  const values = {
    second: at.getUTCSeconds(),
    minute: at.getUTCMinutes(),
    hour: at.getUTCHours(),
    dayOfMonth: at.getUTCDate(),
    month: months.split(' ')[at.getUTCMonth()],
    dayOfWeek: days.split(' ')[at.getUTCDay()],
  } as const
  return Object.entries(values).every(([field, value]) =>
    (calendar[field as keyof Calendar] as readonly unknown[]).includes(value),
  )
}

const part = (min: number, max: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max })
  return fc.oneof(
    fc.constant('*'),
    value.map(String),
    fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((values) => values.join(',')),
  )
}

describe('calendars of a cron pattern', () => {
  test('take the times that the pattern has, and no others', () => {
    const pattern = fc.tuple(part(0, 59), part(0, 23), part(1, 31), part(1, 12), part(0, 6))
    const from = fc.integer({ min: 0, max: 3_000_000 }).map((minutes) => minutes * 60_000)
    fc.assert(
      fc.property(pattern, from, (parts, ms) => {
        const schedule = new CronSchedule(parts.join(' '), 'UTC')
        const calendars = calendarsOf(parts.join(' '))
        const takes = (atMs: number): boolean =>
          calendars.some((one) => matches(one, new Date(atMs)))
        expect(takes(ms)).toBe(schedule.newestUpTo(ms) === ms)
        const nextMs = schedule.nextAfter(ms)
        if (nextMs !== null) expect(takes(nextMs)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('know names, seconds and nicknames', () => {
    expect(calendarsOf('30 0 12 * JAN-MAR MON,fri')).toMatchObject([
      { second: [30], minute: [0], hour: [12], month: ['JANUARY', 'FEBRUARY', 'MARCH'] },
    ])
    expect(calendarsOf('@weekly')).toMatchObject([{ hour: [0], dayOfWeek: ['SUNDAY'] }])
  })

  test.each([
    '0 0 L * *',
    '0 0 15W * *',
    '0 0 * * 5#2',
    '0 0 * * FRIL',
    '0 0 1 * +1',
    '0 0 0 1 1 * 2030',
  ])('refuse %s, which Temporal cannot say', (pattern) => {
    expect(() => calendarsOf(pattern)).toThrow(/cannot say/)
  })
})
