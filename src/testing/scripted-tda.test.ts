import { expect, test } from 'vitest'
import { unavailableTda } from '../core/contracts/tda.ts'
import { FakeTime } from './fake-clock.ts'
import { scriptedTda } from './scripted-tda.ts'

test('no feed answers before it begins, nor before the first moment', async () => {
  const time = new FakeTime()
  const tda = scriptedTda([{ atMs: 10, context: { patternConfidence: 0.5 } }])
  expect(tda.current()).toEqual(unavailableTda)
  tda.begin(time.newLife())
  await time.advance(9)
  expect(tda.current()).toEqual(unavailableTda)
})

test('each moment is told to the listeners, and the context grows older until the next', async () => {
  const time = new FakeTime()
  const tda = scriptedTda([
    { atMs: 0, context: { anomalySeverity: 0.2 } },
    { atMs: 100, context: { anomalySeverity: 0.9, ageMs: 5 } },
    { atMs: 200, context: null },
  ])
  const told: number[] = []
  const end = tda.onChange(({ anomalySeverity }) => told.push(anomalySeverity))
  tda.begin(time.newLife())
  await time.advance(130)
  expect(tda.current()).toEqual({
    ...unavailableTda,
    available: true,
    anomalySeverity: 0.9,
    ageMs: 35,
  })
  end()
  await time.advance(100)
  expect(tda.current()).toEqual(unavailableTda)
  expect(told).toEqual([0.2, 0.9])
})
