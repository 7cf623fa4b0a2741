import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Deadline, Deadlines } from './deadlines.ts'
import { FakeClock } from './fake-clock.ts'

function owner(name: string, expired: string[]): Deadline {
  return { deadline: null, expire: () => void expired.push(name) }
}

test('deadlines expire when they are due, in order, once', () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const expired: string[] = []
  deadlines.add(owner('late', expired), 500)
  deadlines.add(owner('early', expired), 100)
  clock.advance(99)
  expect(expired).toEqual([])
  clock.advance(1)
  expect(expired).toEqual(['early'])
  clock.advance(10_000)
  expect(expired).toEqual(['early', 'late'])
  expect(deadlines.size).toBe(0)
})

test('a removed deadline never expires, and an idle clock has no timer armed', () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const expired: string[] = []
  const removed = owner('removed', expired)
  deadlines.add(removed, 100)
  clock.advance(1)
  expect(clock.armed).toBe(1)
  deadlines.remove(removed)
  deadlines.remove(removed)
  clock.advance(1_000)
  expect(expired).toEqual([])
  expect(clock.armed).toBe(0)
})

test('a deadline that ends in the turn of its beginning arms nothing', () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const quick = owner('quick', [])
  deadlines.add(quick, 100)
  deadlines.remove(quick)
  clock.advance(0)
  expect(clock.armed).toBe(0)
})

test('a deadline of a week is kept although timers are armed for a minute at most', () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const expired: string[] = []
  deadlines.add(owner('week', expired), 7 * 86_400_000)
  clock.advance(7 * 86_400_000 - 1)
  expect(expired).toEqual([])
  clock.advance(1)
  expect(expired).toEqual(['week'])
})

test('one that throws when it expires does not keep the others', () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const expired: string[] = []
  const bad: Deadline = {
    deadline: null,
    expire() {
      throw new Error('bad')
    },
  }
  deadlines.add(bad, 10)
  deadlines.add(owner('good', expired), 10)
  expect(() => clock.advance(10)).toThrow('bad')
  expect(expired).toEqual(['good'])
})

test('any mix of durations, removals and waits expires exactly what was due', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), ms: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('remove' as const), ms: fc.nat(30) }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(100) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FakeClock()
      const deadlines = new Deadlines(clock)
      const expired: string[] = []
      const due: string[] = []
      const model: { owner: Deadline; dueMs: number; isOpen: boolean }[] = []
      for (const { kind, ms } of steps) {
        if (kind === 'add') {
          const dueMs = clock.nowMs() + ms
          const added = owner(`${dueMs}`, expired)
          deadlines.add(added, ms)
          model.push({ owner: added, dueMs, isOpen: true })
        } else if (kind === 'remove') {
          const found = model[ms]
          if (found === undefined) continue
          deadlines.remove(found.owner)
          found.isOpen = false
        } else {
          clock.advance(ms)
          const ended = model.filter((one) => one.isOpen && one.dueMs <= clock.nowMs())
          for (const one of ended) one.isOpen = false
          due.push(...ended.toSorted((a, b) => a.dueMs - b.dueMs).map(({ dueMs }) => `${dueMs}`))
        }
      }
      expect(expired).toEqual(due)
      expect(deadlines.size).toBe(model.filter(({ isOpen }) => isOpen).length)
    }),
  )
})
