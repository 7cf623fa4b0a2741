import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shrink } from './shrink.ts'

test('what fails without any item shrinks to none', async () => {
  expect(await shrink([1, 2, 3], () => Promise.resolve(true))).toEqual([])
})

test('what fails only as a whole is left as it is', async () => {
  const fails = (items: readonly number[]) => Promise.resolve(items.length === 5)
  expect(await shrink([1, 2, 3, 4, 5], fails)).toEqual([1, 2, 3, 4, 5])
})

test('whatever items together are to blame, they alone are left, in their order', async () => {
  const items = Array.from({ length: 24 }, (_, place) => place)
  await fc.assert(
    fc.asyncProperty(fc.subarray(items, { maxLength: 4 }), async (guilty) => {
      const fails = (some: readonly number[]) =>
        Promise.resolve(guilty.every((item) => some.includes(item)))
      expect(await shrink(items, fails)).toEqual(guilty)
    }),
  )
})

test('no more than 200 runs are made', async () => {
  let runs = 0
  const items = Array.from({ length: 400 }, (_, place) => place)
  const fails = (some: readonly number[]) => {
    runs++
    return Promise.resolve(some.length === 400)
  }
  expect(await shrink(items, fails)).toHaveLength(400)
  expect(runs).toBe(200)
})
