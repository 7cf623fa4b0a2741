import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestResult, probationRows, resultAt, sweepThresholds } from './nab-scorer.ts'
import type { ScoredSeries } from './nab-scorer.ts'
import { upperTail, windowedGaussian } from './windowed-gaussian.ts'

/** 200 quiet rows, of which the first 30 are on probation, with a window of 21. */
function series(alarms: Readonly<Record<number, number>>, windows = [{ from: 100, to: 120 }]) {
  const scores = Array.from({ length: 200 }, (_, i) => alarms[i] ?? 0)
  return { scores, windows }
}
const at = (one: ScoredSeries, threshold = 1) => resultAt(sweepThresholds([one]), threshold)

describe('sweepThresholds', () => {
  it('gives silence 0 and the first row of every window, without a false alarm, 100', () => {
    expect(at(series({})).score).toBe(0)
    expect(at(series({ 100: 1 })).score).toBeCloseTo(100, 9)
  })

  it('pays less for a later alarm, and for several alarms only the earliest', () => {
    const sigmoid = (place: number): number => 2 / (1 + Math.exp(5 * place)) - 1
    const middle = at(series({ 110: 1 }))
    expect(middle.raw).toBeCloseTo(sigmoid(-11 / 21) / sigmoid(-1), 12)
    expect(at(series({ 120: 1 })).raw).toBeLessThan(middle.raw)
    expect(at(series({ 110: 1, 111: 1, 120: 1 })).raw).toBeCloseTo(middle.raw, 12)
  })

  it('takes 0.11 for a false alarm, less just behind a window, and nothing on probation', () => {
    expect(at(series({ 60: 1 })).raw).toBeCloseTo(-1.11, 12)
    expect(at(series({ 121: 1 })).raw).toBeGreaterThan(-1.03)
    expect(at(series({ 199: 1 })).raw).toBeCloseTo(-1.11, 12)
    expect(at(series({ 10: 1 })).raw).toBe(-1)
    expect([probationRows(200), probationRows(100_000)]).toEqual([30, 750])
  })

  it('agrees at every threshold with scoring the alarms of that threshold alone', () => {
    const rows = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 60, maxLength: 60 })
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const windows = [
          { from: 20, to: 30 },
          { from: 44, to: 50 },
        ]
        const all = [
          { scores: a, windows },
          { scores: b, windows: [] },
        ]
        const swept = sweepThresholds(all)
        for (const threshold of [1, 3, 5]) {
          const alone = all.map(({ scores, windows }) => ({
            scores: scores.map((score) => (score >= threshold ? 1 : 0)),
            windows,
          }))
          const expected = resultAt(sweepThresholds(alone), 1)
          expect(resultAt(swept, threshold).raw).toBeCloseTo(expected.raw, 9)
        }
        expect(bestResult(swept).score).toBe(Math.max(...swept.map(({ score }) => score)))
      }),
    )
  })

  it('normalises over all series together', () => {
    const found = series({ 100: 1 })
    const missed = series({})
    const result = resultAt(sweepThresholds([found, missed]), 1)
    expect(result.score).toBeCloseTo(50, 9)
  })
})

describe('windowedGaussian', () => {
  it.each([
    [0, 0.5],
    [1, 0.158655253931457],
    [2.5, 0.00620966532577613],
    [3.5, 0.000232629079035525],
    [6, 9.86587645037698e-10],
  ])('takes the normal tail over %s as %s', (z, tail) => {
    expect(upperTail(z) / tail).toBeCloseTo(1, 12)
  })

  it('scores a value by its distance from the mean of those before', () => {
    const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898))
    const scores = windowedGaussian([...values, 0, 10])
    expect(scores[400]).toBeCloseTo(0.5, 1)
    expect(scores[401]).toBe(1)
  })
})
