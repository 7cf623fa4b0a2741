import { expect, test } from 'vitest'
import { silentLogger } from '../core/logger.ts'
import type { LogEntry } from '../engine/index.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { AskedEvents } from './asked-events.ts'

function bench() {
  const time = new FakeTime()
  const recorded: LogEntry[] = []
  const told: number[] = []
  const beganMs = time.monotonicMs
  const asked: number[] = []
  let isSilent = false
  const events = new AskedEvents({
    everyMs: 500,
    clock: time.newLife(),
    logger: silentLogger,
    async log(_, afterSeq) {
      asked.push(time.monotonicMs - beganMs)
      if (isSilent) throw new Error('nobody answers')
      return recorded.filter(({ seq }) => seq > afterSeq)
    },
    tell: ({ seq }) => told.push(seq),
  })
  const happen = (...seqs: readonly number[]): void => {
    for (const seq of seqs) recorded.push({ seq } as LogEntry)
  }
  return {
    told,
    asked,
    events,
    happen,
    be: (silent: boolean) => (isSilent = silent),
    after: (ms: number) => time.advance(ms),
  }
}

test('every event is told once, in order, from the first on', async () => {
  const { events, told, happen, after } = bench()
  happen(1, 2)
  events.watch('x')
  await after(0)
  expect(told).toEqual([1, 2])
  happen(3)
  await after(500)
  await after(500)
  expect(told).toEqual([1, 2, 3])
})

test('who does not answer is asked less and less often, and at once as often when he does', async () => {
  const { events, told, asked, happen, be, after } = bench()
  be(true)
  events.watch('x')
  await after(3_500)
  expect(asked).toEqual([0, 1_000, 3_000])
  be(false)
  happen(1)
  await after(5_000)
  expect(told).toEqual([1])
  expect(asked.slice(3)).toEqual([7_000, 7_500, 8_000, 8_500])
})

test('nobody is asked when nobody follows any more', async () => {
  const { events, asked, after } = bench()
  const stop = events.watch('x')
  await after(600)
  stop()
  await after(5_000)
  expect(asked).toHaveLength(2)
})
