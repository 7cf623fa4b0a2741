import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeTime } from './fake-clock.ts'

test('what is due happens in order of its time, and of asking at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), async (delays) => {
      const time = new FakeTime()
      const clock = time.newLife()
      const happened: (readonly [number, number])[] = []
      for (const [place, delayMs] of delays.entries())
        clock.after(delayMs, () => happened.push([delayMs, place]))
      await time.advance(50)
      const expected = delays.map((delayMs, place) => [delayMs, place] as const)
      expect(happened).toEqual(expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]))
    }),
  )
})

test('time stops exactly where it was told to, and both clocks move alike', async () => {
  const time = new FakeTime(1_000, 10)
  const clock = time.newLife()
  const seen: number[] = []
  clock.after(40, () => seen.push(clock.nowMs()))
  clock.after(60, () => seen.push(clock.nowMs()))
  await time.advance(50)
  expect(seen).toEqual([1_040])
  expect([time.wallMs, time.monotonicMs, time.nextDueMs]).toEqual([1_050, 60, 70])
  time.setWall(0)
  await time.advance(10)
  expect(seen).toEqual([1_040, 10])
})

test('nothing cancelled and nothing of a dead life happens or is waited for', async () => {
  const time = new FakeTime()
  const [dead, live] = [time.newLife(), time.newLife()]
  const happened: string[] = []
  dead.after(10, () => happened.push('timer of the dead'))
  dead.atTurnEnd(() => happened.push('turn end of the dead'))
  const cancel = live.after(20, () => happened.push('cancelled'))
  dead.die()
  cancel()
  expect(time.nextDueMs).toBe(Infinity)
  expect(time.step()).toBe(false)
  await time.advance(100)
  expect(happened).toEqual([])
})

test('a turn ends after all promises, however long their chain, and its ends may ask for more', async () => {
  const time = new FakeTime()
  const clock = time.newLife()
  const happened: string[] = []
  clock.atTurnEnd(() => {
    happened.push('end')
    clock.atTurnEnd(() => happened.push('end of the end'))
  })
  const chain = async (): Promise<void> => {
    for (let link = 0; link < 5_000; link++) await Promise.resolve()
    happened.push('chain')
  }
  const running = chain()
  await time.settle()
  await running
  expect(happened).toEqual(['chain', 'end', 'end of the end'])
})
