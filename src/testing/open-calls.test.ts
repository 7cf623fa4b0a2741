import { expect, test } from 'vitest'
import { OpenCalls } from './open-calls.ts'

const nothing = (): Promise<void> => Promise.resolve()

test('a function that works is awaited in real time', async () => {
  const calls = new OpenCalls()
  const close = calls.add()
  let turns = 0
  await calls.rest(() => {
    if (++turns === 30) close()
    return Promise.resolve()
  })
  expect(turns).toBe(30)
  expect(calls.isWorking).toBe(false)
})

test('a function that waits for virtual time is not awaited', async () => {
  const calls = new OpenCalls()
  const close = calls.add()
  const unpark = calls.park()
  await calls.rest(() => Promise.reject(new Error('it was awaited')))
  expect(calls.isWorking).toBe(false)
  unpark()
  unpark()
  expect(calls.isWorking).toBe(true)
  close()
  expect(calls.isWorking).toBe(false)
})

test('a function that takes longer than the patience is given up, later ones are awaited again', async () => {
  const calls = new OpenCalls(1)
  const [first, unparkFirst] = [calls.add(), calls.park()]
  const second = calls.add()
  await calls.rest(nothing)
  expect(calls.isWorking).toBe(false)
  const third = calls.add()
  expect(calls.isWorking).toBe(true)
  third()
  unparkFirst()
  first()
  second()
  expect(calls.isWorking).toBe(false)
})
