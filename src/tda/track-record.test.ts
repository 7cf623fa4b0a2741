import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PeakFilter, TrackRecord } from './track-record.ts'

describe('PeakFilter', () => {
  it('lets exactly those points through that are twice as improbable as all within its rest', () => {
    const rest = 7
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.31, max: 12, noNaN: true })), (scores) => {
        const filter = new PeakFilter(rest)
        for (const [i, score] of scores.entries()) {
          const before = scores.slice(Math.max(0, i - rest), i)
          const isPeak = before.every((other) => score > other + 0.3)
          expect(filter.next(score)).toBe(isPeak ? score : 0)
        }
      }),
    )
  })
})

describe('TrackRecord', () => {
  const calls = (scores: readonly number[], memoryPoints = 1_000): number[] => {
    const record = new TrackRecord({ restPoints: 4, memoryPoints })
    return scores.map((score) => record.call(score))
  }
  const quiet = (count: number): number[] => Array.from({ length: count }, () => 0.5)

  it('believes the first call as it is, and the same again less each time', () => {
    const scores = [...quiet(9), 5, ...quiet(9), 5, ...quiet(9), 5]
    const [first, second, third] = calls(scores).filter((score) => score > 1)
    expect(first).toBe(5)
    expect(second).toBeCloseTo(5 - Math.log10(2), 12)
    expect(third).toBeCloseTo(5 - Math.log10(3), 12)
  })

  it('does not hold quieter calls against a loud one', () => {
    const scores = [...quiet(9), 3, ...quiet(9), 3, ...quiet(9), 9]
    expect(calls(scores).at(-1)).toBe(9)
  })

  it('takes a rise as one call that grows, not as many', () => {
    const scores = [...quiet(9), 3, 4, 5, 6, ...quiet(9), 6]
    const heard = calls(scores).filter((score) => score > 1)
    expect(heard.slice(0, 4)).toEqual([3, 4, 5, 6])
    expect(heard[4]).toBeCloseTo(6 - Math.log10(2), 12)
  })

  it('forgets', () => {
    const scores = [...quiet(9), 5, ...quiet(60), 5]
    expect(calls(scores, 50).at(-1)).toBe(5)
    expect(calls(scores, 100).at(-1)).toBeLessThan(5)
  })
})
