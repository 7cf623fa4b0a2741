import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { AgentPool } from './pool.ts'

test('places are granted up to maxConcurrent, then callers queue up to queueMax, then it is full', () => {
  const pool = new AgentPool({ maxConcurrent: 2, queueMax: 1 })
  const answers = [1, 2, 3, 4].map(() => pool.acquire(() => undefined))
  expect(answers).toEqual(['granted', 'granted', 'queued', 'full'])
  expect([pool.held, pool.waiting]).toEqual([2, 1])
})

test('a released place goes to the first in the queue', () => {
  const pool = new AgentPool({ maxConcurrent: 1, queueMax: 10 })
  const granted: string[] = []
  pool.acquire(() => granted.push('never'))
  for (const name of ['a', 'b', 'c']) pool.acquire(() => granted.push(name))
  pool.release()
  expect(granted).toEqual(['a'])
  pool.release()
  pool.release()
  expect(granted).toEqual(['a', 'b', 'c'])
  pool.release()
  expect([pool.held, pool.waiting]).toEqual([0, 0])
})

test('a cancelled caller leaves the queue and is never granted', () => {
  const pool = new AgentPool({ maxConcurrent: 1, queueMax: 10 })
  const granted: string[] = []
  pool.acquire(() => undefined)
  const b = () => granted.push('b')
  pool.acquire(() => granted.push('a'))
  pool.acquire(b)
  pool.acquire(() => granted.push('c'))
  expect(pool.cancel(b)).toBe(true)
  expect(pool.cancel(b)).toBe(false)
  pool.release()
  pool.release()
  expect(granted).toEqual(['a', 'c'])
})

test('a queue of 100,000 that release themselves at once is emptied without recursion', () => {
  const pool = new AgentPool({ maxConcurrent: 1, queueMax: 100_000 })
  let granted = 0
  pool.acquire(() => undefined)
  for (let index = 0; index < 100_000; index++) {
    pool.acquire(() => {
      granted++
      pool.release()
    })
  }
  pool.release()
  expect([granted, pool.held, pool.waiting]).toEqual([100_000, 0, 0])
})

test('a place that nobody holds cannot be released', () => {
  expect(() => new AgentPool({ maxConcurrent: 1, queueMax: 1 }).release()).toThrow('nobody held')
})

test('whatever happens, no more than maxConcurrent are held and nobody waits beside a free place', () => {
  const step = fc.oneof(fc.constant('acquire'), fc.constant('release'), fc.nat(20))
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.nat(5),
      fc.array(step),
      (max, queueMax, steps) => {
        const pool = new AgentPool({ maxConcurrent: max, queueMax })
        const expected: (() => void)[] = []
        const granted: (() => void)[] = []
        for (const kind of steps) {
          if (kind === 'acquire') {
            const grant = (): void => void granted.push(grant)
            if (pool.acquire(grant) === 'queued') expected.push(grant)
          } else if (kind === 'release') {
            if (pool.held > 0) pool.release()
          } else {
            const waiter = expected[kind]
            if (waiter !== undefined && pool.cancel(waiter)) expected.splice(kind, 1)
          }
          expect(pool.held).toBeLessThanOrEqual(max)
          expect(pool.waiting).toBeLessThanOrEqual(queueMax)
          expect(pool.waiting === 0 || pool.held === max).toBe(true)
        }
        expect(granted).toEqual(expected.slice(0, granted.length))
      },
    ),
  )
})

test('no more than requestsPerMinute places are granted in any 60 s, and who waits gets one then', () => {
  const clock = new FakeClock()
  const size = { maxConcurrent: 100, queueMax: 100 }
  const pool = new AgentPool({ ...size, requestsPerMinute: 3, clock: () => clock })
  const granted: number[] = []
  const ask = (): void => {
    const grant = (): void => void granted.push(clock.monotonicMs())
    if (pool.acquire(grant) === 'granted') grant()
  }
  for (let second = 0; second < 7; second++) {
    ask()
    clock.advance(10_000)
  }
  clock.advance(200_000)
  const began = granted[0] as number
  expect(granted.map((atMs) => atMs - began)).toEqual([
    0, 10_000, 20_000, 60_000, 70_000, 80_000, 120_000,
  ])
  expect([pool.held, pool.waiting]).toEqual([7, 0])
})

test('a pool in which nobody waits any more has no timer', () => {
  const clock = new FakeClock()
  const size = { maxConcurrent: 10, queueMax: 10 }
  const pool = new AgentPool({ ...size, requestsPerMinute: 1, clock: () => clock })
  pool.acquire(() => undefined)
  const grant = (): void => undefined
  expect(pool.acquire(grant)).toBe('queued')
  expect(clock.armed).toBe(1)
  pool.cancel(grant)
  expect(clock.armed).toBe(0)
})
