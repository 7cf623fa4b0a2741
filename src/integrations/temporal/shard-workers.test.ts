import { expect, test } from 'vitest'
import { FakeTime } from '../../testing/fake-clock.ts'
import { ShardRow } from './shard-workers.ts'

/** A row whose shard is wanted, and the workers that it has opened. */
async function wantedRow() {
  const opened: { readonly fail: (fault: Error) => void; isClosed: boolean }[] = []
  const open = () => {
    const { promise: stopped, reject: fail } = Promise.withResolvers<void>()
    const worker = { fail, isClosed: false }
    opened.push(worker)
    const close = () => Promise.resolve(void (worker.isClosed = true))
    return Promise.resolve({ stopped, close })
  }
  const time = new FakeTime()
  const row = new ShardRow({ shard: 3, open, options: { clock: time.newLife() } })
  row.want(true)
  await row.settled
  return { time, opened, row }
}

test('a worker that stops by a fault is opened again while its shard is wanted', async () => {
  const { time, opened, row } = await wantedRow()
  opened[0]?.fail(new Error('the core gave up'))
  await time.advance(999)
  expect(opened).toHaveLength(1)
  await time.advance(1)
  await row.settled
  expect(opened).toHaveLength(2)
  row.want(false)
  await row.settled
  expect(opened[1]?.isClosed).toBe(true)
})

test('a fault that stays is met less and less often, one after a good while at once', async () => {
  const { time, opened, row } = await wantedRow()
  const secondsUntilOpened = async (): Promise<number> => {
    const { length } = opened
    opened.at(-1)?.fail(new Error('the core gave up'))
    for (let seconds = 0; ; seconds++) {
      if (opened.length > length) return seconds
      await time.advance(1_000)
      await Promise.resolve()
    }
  }
  const waits: number[] = []
  for (let fault = 0; fault < 7; fault++) waits.push(await secondsUntilOpened())
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30])
  await time.advance(31_000)
  expect(await secondsUntilOpened()).toBe(1)
  row.want(false)
  await row.settled
})

test('a worker whose shard is not wanted any more is not opened again after a fault', async () => {
  const { time, opened, row } = await wantedRow()
  opened[0]?.fail(new Error('the core gave up'))
  row.want(false)
  await time.advance(2_000)
  await row.settled
  expect(opened).toHaveLength(1)
})
