import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { anomalySchema } from './anomaly.ts'
import { detectSeries, StreamDetector } from './detector.ts'
import { scanSeries } from './scan.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-bad-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(lines: readonly string[]): string {
  const path = join(folder, `${lines.length}-${lines[0]?.length ?? 0}.csv`)
  writeFileSync(path, lines.join('\n'))
  return path
}

const rows = Array.from({ length: 400 }, (_, i) => `${i},${Math.sin(i / 9) + ((i * 7919) % 5)}`)

describe('a series that is', () => {
  it('constant has no anomaly, at any level', async () => {
    for (const v of [0, -1, 1e-300, 1e300])
      expect(
        detectSeries(
          Array.from({ length: 500 }, (_, i) => ({ t: i, v })),
          { source: 'c' },
        ),
      ).toEqual([])
  })

  it('empty is refused, as file and as values', async () => {
    await expect(scanSeries(file(['']))).rejects.toMatchObject({ code: 'SeriesError' })
    await expect(scanSeries(file(['t,v']))).rejects.toMatchObject({ code: 'SeriesError' })
    await expect(scanSeries([])).rejects.toMatchObject({ code: 'SeriesError' })
  })

  it('out of order is refused with file and line', async () => {
    const path = file(['t,v', '9000000,1', '9000001,2', '1,3'])
    await expect(scanSeries(path)).rejects.toMatchObject({
      code: 'SeriesError',
      message: `${path}:4: goes back in time`,
    })
  })

  it('gappy in time is judged point by point: a gap alone is no anomaly', async () => {
    const gappy = rows.map((row, i) =>
      row.replace(/^\d+/, String(i * 60 + (i > 200 ? 864_000 : 0))),
    )
    const { points, anomalies } = await scanSeries(file(['ts,v', ...gappy]))
    expect([points, anomalies]).toEqual([400, []])
  })

  it('laden with NaN is scanned without them up to a quarter, and refused beyond', async () => {
    const holes = (every: number): string[] =>
      rows.map((row, i) => (i > 0 && i % every === 0 ? `${i},NaN` : row))
    expect(await scanSeries(file(['row,v', ...holes(5)]), { column: 'v' })).toMatchObject({
      points: 321,
    })
    await expect(
      scanSeries(file(['row,value', ...holes(3)]), { column: 'value' }),
    ).rejects.toMatchObject({
      code: 'SeriesError',
      message: expect.stringContaining('rows hold no number') as string,
    })
    await expect(scanSeries([1, NaN, 2])).rejects.toMatchObject({ code: 'SeriesError' })
    expect(() => new StreamDetector({ source: 's' }).push({ t: NaN, v: 1 })).toThrow(/not finite/)
  })

  it('wild gives finite anomalies of the published shape, whatever the values', () => {
    const value = fc.oneof(
      fc.constantFrom(0, 1, -1, 1e308, -1e308, 5e-324, 1e16),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    )
    fc.assert(
      fc.property(fc.array(value, { minLength: 150, maxLength: 400 }), (values) => {
        const points = values.map((v, i) => ({ t: i, v }))
        for (const anomaly of detectSeries(points, { source: 'wild' }))
          expect(anomalySchema.parse(anomaly)).toEqual(anomaly)
      }),
      { numRuns: 30 },
    )
  })
})

it('a million points are streamed in constant memory', { timeout: 240_000 }, () => {
  const random = seededRandom(4)
  const detector = new StreamDetector({ source: 'long', historyPoints: 256, stridePoints: 512 })
  const usedMb = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / 1e6
  }
  // Between two collections garbage piles up, so the least of several looks counts.
  const least = { early: Infinity, late: Infinity }
  for (let i = 0; i < 1_000_000; i++) {
    detector.push({ t: i, v: Math.sin(i / 30) + random() })
    if (i % 1_000 !== 0) continue
    if (i >= 50_000 && i < 250_000) least.early = Math.min(least.early, usedMb())
    if (i >= 800_000) least.late = Math.min(least.late, usedMb())
  }
  expect(least.late - least.early).toBeLessThan(2)
})
