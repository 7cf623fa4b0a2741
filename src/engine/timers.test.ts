import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeTime } from '../testing/fake-clock.ts'
import { Timers } from './timers.ts'

test('timers fire in the order of their times, each once', async () => {
  const time = new FakeTime()
  const timers = new Timers(time.newLife())
  const fired: string[] = []
  for (const [name, delayMs] of [
    ['c', 300],
    ['a', 100],
    ['b', 200],
    ['now', -5],
  ] as const) {
    timers.arm(delayMs, () => fired.push(name))
  }
  expect(fired).toEqual([])
  await time.advance(200)
  expect(fired).toEqual(['now', 'a', 'b'])
  expect(timers.size).toBe(1)
  await time.advance(1_000)
  expect(fired).toEqual(['now', 'a', 'b', 'c'])
  expect(timers.size).toBe(0)
})

test('a disarmed timer never fires, and disarming again does nothing', async () => {
  const time = new FakeTime()
  const timers = new Timers(time.newLife())
  const fired: number[] = []
  const armed = [10, 20, 30].map((delayMs) => timers.arm(delayMs, () => fired.push(delayMs)))
  const [, second] = armed
  if (second !== undefined) for (let twice = 0; twice < 2; twice++) timers.disarm(second)
  await time.advance(100)
  expect(fired).toEqual([10, 30])
})

test('setting the wall clock moves no timer, and a day is as exact as a second', async () => {
  const time = new FakeTime()
  const timers = new Timers(time.newLife())
  let fired = 0
  timers.arm(86_400_000, () => fired++)
  time.setWall(0)
  await time.advance(86_399_999)
  expect(fired).toBe(0)
  await time.advance(1)
  expect(fired).toBe(1)
})

test('whatever is armed and disarmed, exactly the rest fires, at its time', async () => {
  const anyTimers = fc.array(fc.record({ delayMs: fc.nat(200_000), isDisarmed: fc.boolean() }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(anyTimers, async (wanted) => {
      const time = new FakeTime()
      const startMs = time.monotonicMs
      const timers = new Timers(time.newLife())
      const fired: [number, number][] = []
      const armed = wanted.map(({ delayMs }, i) =>
        timers.arm(delayMs, () => fired.push([i, time.monotonicMs - startMs])),
      )
      for (const [i, timer] of armed.entries())
        if (wanted[i]?.isDisarmed === true) timers.disarm(timer)
      expect(timers.size).toBe(wanted.filter(({ isDisarmed }) => !isDisarmed).length)
      await time.advance(200_000)
      const due = wanted.flatMap(({ delayMs, isDisarmed }, i) => (isDisarmed ? [] : [[i, delayMs]]))
      expect(fired.toSorted(([a], [b]) => a - b)).toEqual(due)
      expect(fired.map(([, atMs]) => atMs)).toEqual(
        fired.map(([, atMs]) => atMs).toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 60 },
  )
})
