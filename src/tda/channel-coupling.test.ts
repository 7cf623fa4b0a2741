import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { anomalySchema } from './anomaly.ts'
import { ChannelCoupling } from './channel-coupling.ts'
import type { Coupling } from './channel-coupling.ts'
import { scanChannels } from './scan-channels.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-channels-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Four channels that follow one hidden walk; from row `from` to `to` two of them go their own way. */
function coupled(length: number, from: number, to: number): number[][] {
  const random = seededRandom(3)
  const noise = (): number => random() + random() - 1
  let hidden = 0
  return Array.from({ length }, (_, i) => {
    hidden = 0.9 * hidden + noise()
    const own = (gain: number): number => gain * hidden + 0.1 * noise()
    const lost = (): number => (i >= from && i < to ? noise() : 0)
    return [own(1), own(-5), lost() === 0 ? own(2) : 2 * noise(), lost() === 0 ? own(0.5) : noise()]
  })
}

function couplings(rows: readonly (readonly number[])[]): Coupling[] {
  const stream = new ChannelCoupling({ channels: rows[0]?.length ?? 0 })
  return rows.flatMap((row) => stream.push(row) ?? [])
}

describe('ChannelCoupling', () => {
  it('sees channels that move together near each other, whatever their unit and sign', () => {
    const seen = couplings(coupled(64, 0, 0))
    expect(seen).toHaveLength(1)
    expect(seen[0]?.diagram.h0).toHaveLength(3)
    expect(seen[0]?.apart).toBeLessThan(0.1)
    expect(couplings(coupled(64, 0, 64))[0]?.apart).toBeGreaterThan(0.4)
  })

  it('takes a window every quarter of one, and does not care for the order of the channels', () => {
    const rows = coupled(64 + 5 * 16, 70, 100)
    const seen = couplings(rows)
    expect(seen).toHaveLength(6)
    const turned = couplings(rows.map(([a = 0, b = 0, c = 0, d = 0]) => [c, a, d, b]))
    for (const [i, { apart }] of turned.entries()) expect(apart).toBeCloseTo(seen[i]?.apart ?? 0, 9)
  })

  it('stays between 0 and 1 for constant channels, gaps and wild values', () => {
    const cell = fc.constantFrom(0, 1, -1, 1e300, NaN, Infinity, 1e-300)
    const row = fc.array(cell, { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 64, maxLength: 80 }), (rows) => {
        for (const { apart } of couplings(rows)) {
          expect(apart).toBeGreaterThanOrEqual(0)
          expect(apart).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('refuses options out of range and rows of another width', () => {
    expect(() => new ChannelCoupling({ channels: 1 })).toThrow(/out of range/)
    expect(() => new ChannelCoupling({ channels: 2, stridePoints: 0 })).toThrow(/out of range/)
    expect(() => new ChannelCoupling({ channels: 2 }).push([1])).toThrow(/1 values for 2 channels/)
  })
})

describe('scanChannels', () => {
  const file = (name: string, rows: readonly (readonly number[])[]): string => {
    const path = join(folder, name)
    writeFileSync(path, `a,b,c,d\n${rows.map((row) => row.join(',')).join('\n')}\n`)
    return path
  }

  it('finds where channels stop moving together, though none of them looks odd by itself', async () => {
    const path = file('lost.csv', coupled(3_000, 2_000, 2_300))
    const { anomalies, points, column } = await scanChannels(path)
    expect([points, column]).toEqual([3_000, null])
    expect(anomalies.length).toBeGreaterThanOrEqual(1)
    for (const anomaly of anomalies) expect(anomalySchema.parse(anomaly)).toEqual(anomaly)
    const [first] = anomalies
    expect(first?.t0Ms).toBeGreaterThanOrEqual(2_000_000)
    expect(first?.t0Ms).toBeLessThan(2_200_000)
    expect(first?.diagram.filter(([dimension]) => dimension === 0)).toHaveLength(3)
  })

  it('is quiet where they go on together, and refuses a file with one column', async () => {
    expect((await scanChannels(file('calm.csv', coupled(3_000, 0, 0)))).anomalies).toEqual([])
    const path = join(folder, 'one.csv')
    writeFileSync(path, 'a\n1\n2\n')
    await expect(scanChannels(path)).rejects.toMatchObject({ code: 'SeriesError' })
  })
})
