import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CronSchedule } from './cron-schedule.ts'

const hourMs = 3_600_000

/** The times within so many hours from a moment, as `HH:MM` of UTC. */
function times(pattern: string, from: string, hours: number): readonly string[] {
  const schedule = new CronSchedule(pattern, 'Europe/Berlin')
  const untilMs = Date.parse(from) + hours * hourMs
  const found: string[] = []
  for (let atMs = schedule.nextAfter(Date.parse(from) - 1); atMs !== null && atMs < untilMs;) {
    found.push(new Date(atMs).toISOString().slice(11, 16))
    atMs = schedule.nextAfter(atMs)
  }
  return found
}

test('where clocks go forward, a time that does not exist comes once, at the change', () => {
  // On 30 March 2025 02:00 became 03:00 in Berlin, at 01:00 UTC.
  expect(times('30 2 * * *', '2025-03-30T00:00:00Z', 12)).toEqual(['01:00'])
  expect(times('30 3 * * *', '2025-03-30T00:00:00Z', 12)).toEqual(['01:30'])
  expect(times('*/30 * * * *', '2025-03-30T00:00:00Z', 3)).toEqual([
    '00:00',
    '00:30',
    '01:00',
    '01:30',
    '02:00',
    '02:30',
  ])
})

test('where clocks go back, a time of day comes once and a repeating pattern in both hours', () => {
  // On 26 October 2025 03:00 became 02:00 in Berlin, at 01:00 UTC.
  expect(times('30 2 * * *', '2025-10-26T00:00:00Z', 20)).toEqual(['00:30'])
  expect(times('0 * * * *', '2025-10-25T23:00:00Z', 4)).toEqual([
    '23:00',
    '00:00',
    '01:00',
    '02:00',
  ])
})

test('a time of day keeps its local hour across a change', () => {
  const schedule = new CronSchedule('0 9 * * *', 'Europe/Berlin')
  expect(schedule.nextAfter(Date.parse('2025-03-29T00:00:00Z'))).toBe(
    Date.parse('2025-03-29T08:00:00Z'),
  )
  expect(schedule.nextAfter(Date.parse('2025-03-30T00:00:00Z'))).toBe(
    Date.parse('2025-03-30T07:00:00Z'),
  )
})

test('a pattern that never comes due has no times, and one that cannot be read is an error', () => {
  const never = new CronSchedule('0 0 31 2 *', 'UTC')
  expect([never.nextAfter(0), never.newestUpTo(1_700_000_000_000)]).toEqual([null, null])
  expect(() => new CronSchedule('61 * * * *', 'UTC')).toThrow('CronPattern')
  expect(() => new CronSchedule('0 0 * * *', 'Mars/Base')).toThrow('Mars/Base')
})

test('the newest time up to a moment is the last of the times that come after another', () => {
  const pattern = fc.constantFrom(
    '30 2 * * *',
    '*/7 * * * *',
    '*/20 2 * * *',
    '15 */2 * * *',
    '0 0 * * 0',
    '*/9 * * * * *',
  )
  const start = fc.constantFrom('2025-03-29T22:00:00Z', '2025-10-25T20:00:00Z').map(Date.parse)
  fc.assert(
    fc.property(pattern, start, fc.nat(10 * hourMs), (text, startMs, offsetMs) => {
      const schedule = new CronSchedule(text, 'Europe/Berlin')
      const atMs = startMs + offsetMs
      const newestMs = schedule.newestUpTo(atMs) as number
      expect(newestMs).toBeLessThanOrEqual(atMs)
      expect(schedule.nextAfter(newestMs - 1)).toBe(newestMs)
      expect(schedule.nextAfter(newestMs)).toBeGreaterThan(atMs)
      expect(schedule.newestUpTo(newestMs)).toBe(newestMs)
    }),
    { numRuns: 300 },
  )
})
