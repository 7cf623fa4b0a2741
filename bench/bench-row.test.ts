import { expect, it } from 'vitest'
import { benchRow } from './bench-row.ts'
import { median } from './median.ts'

const figure = { workload: 'W5', metric: 'totalMsP50', value: 3, unit: 'ms' }

it('gives the ratio of the value to its floor', () => {
  expect(benchRow({ ...figure, floor: 2 })).toEqual({ ...figure, floor: 2, ratio: 1.5 })
})

it('has null for the floor and the ratio where there is no floor', () => {
  expect(benchRow(figure)).toEqual({ ...figure, floor: null, ratio: null })
})

it('takes the middle value whatever the order, and none of nothing', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(() => median([])).toThrow(RangeError)
})
