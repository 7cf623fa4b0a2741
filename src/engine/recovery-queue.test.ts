import { expect, test } from 'vitest'
import { silentLogger } from '../core/logger.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { RecoveryQueue } from './recovery-queue.ts'

function queueOf(time: FakeTime, hasRoom: () => boolean) {
  const taken: string[] = []
  const takeUp = (executionId: string): void => void taken.push(executionId)
  const clock = time.newLife()
  return { taken, queue: new RecoveryQueue({ clock, logger: silentLogger, hasRoom, takeUp }) }
}

test('what waits for room is taken up when there is some, though nothing has ended', async () => {
  const time = new FakeTime()
  let room = 1
  const { taken, queue } = queueOf(time, () => taken.length < room)
  queue.push(['a', 'b', 'c'])
  expect(taken).toEqual(['a'])
  await time.advance(10_000)
  expect(taken).toEqual(['a'])
  room = 3
  await time.advance(1_000)
  expect(taken).toEqual(['a', 'b', 'c'])
  expect(queue.size).toBe(0)
})

test('a closed queue takes up nothing more', async () => {
  const time = new FakeTime()
  let isFull = true
  const { taken, queue } = queueOf(time, () => !isFull)
  queue.push(['a'])
  queue.close()
  isFull = false
  await time.advance(10_000)
  expect(taken).toEqual([])
})
