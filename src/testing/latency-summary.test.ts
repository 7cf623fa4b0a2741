import { expect, test } from 'vitest'
import { summarise } from './latency-summary.ts'

test('percentiles are values that occurred, by nearest rank', () => {
  const thousand = Array.from({ length: 1_000 }, (_, place) => 1_000 - place)
  expect(summarise(thousand)).toEqual({
    p50Ms: 500,
    p90Ms: 900,
    p99Ms: 990,
    p999Ms: 999,
    maxMs: 1_000,
  })
  expect(summarise([7])).toEqual({ p50Ms: 7, p90Ms: 7, p99Ms: 7, p999Ms: 7, maxMs: 7 })
})

test('without a latency there is no percentile', () => {
  expect(Object.values(summarise([]))).toEqual([null, null, null, null, null])
})
