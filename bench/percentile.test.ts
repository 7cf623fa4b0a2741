import { expect, it } from 'vitest'
import { percentile } from './percentile.ts'

it('gives the value below which the share of the others lies, whatever their order', () => {
  const values = Array.from({ length: 1_000 }, (_, n) => 999 - n)
  expect(percentile(values, 0.99)).toBe(990)
  expect(percentile(values, 0.5)).toBe(500)
})

it('gives the greatest for a share of one, and none of nothing', () => {
  expect(percentile([2, 10, 1], 1)).toBe(10)
  expect(() => percentile([], 0.5)).toThrow(RangeError)
})
