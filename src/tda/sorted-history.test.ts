import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ripsPersistence } from './persistence.ts'
import { SortedHistory } from './sorted-history.ts'

const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 })

it('the gap is the distance to the nearest of the last values, however many there were', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 12 }), (stream, capacity) => {
      const history = new SortedHistory(capacity)
      expect(history.gap(3)).toBe(0)
      for (const [i, value] of stream.entries()) {
        const kept = stream.slice(Math.max(0, i - capacity), i)
        if (i > 0) expect(history.gap(value)).toBe(distanceTo(kept, value))
        history.push(value, kept[0] ?? NaN)
      }
    }),
  )
})

it('the gap of a value outside the history is the H0 bar that it adds to the diagram', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 2 }), (stream) => {
      const outside = 700
      const history = new SortedHistory(stream.length)
      for (const value of stream) history.push(value, NaN)
      const deaths = (line: readonly number[]): number[] => {
        const matrix = line.flatMap((a) => line.map((b) => Math.abs(a - b)))
        const { h0 } = ripsPersistence(Float64Array.from(matrix), line.length)
        return h0.map(({ death }) => death)
      }
      const after = deaths([...stream, outside])
      for (const death of deaths(stream)) after.splice(after.indexOf(death), 1)
      expect(after).toEqual([history.gap(outside)])
    }),
  )
})

function distanceTo(kept: readonly number[], value: number): number {
  return Math.min(...kept.map((other) => Math.abs(other - value)))
}
