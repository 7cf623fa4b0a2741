import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../core/random.ts'
import { scanSeries } from '../scan.ts'
import type { SeriesPoint } from '../series.ts'
import { BacktestPage } from './backtest-page.ts'
import { EnvelopeBuilder } from './envelope.ts'
import { chartColumns } from './series-chart.ts'

async function pageOf(points: readonly SeriesPoint[], source = 'a series'): Promise<string> {
  const page = new BacktestPage()
  const result = await scanSeries(points, {
    source,
    onPoint: (point, update) => page.add(point, update),
  })
  return page.html(source, result)
}

const random = seededRandom(8)
const spiked = Array.from({ length: 600 }, (_, i) => ({
  t: Date.UTC(2026, 0, 1) + i * 60_000,
  v: Math.sin(i / 8) + random() + (i >= 400 && i < 404 ? 30 : 0),
}))

describe('BacktestPage', () => {
  it('shows series, score with its threshold, and of each anomaly facts, diagram and barcode', async () => {
    const html = await pageOf(spiked)
    expect(html).toContain('600 points from 2026-01-01 00:00:00 UTC')
    expect(html.match(/<section>/g)).toHaveLength(1)
    expect(html.match(/class="span"/g)).toHaveLength(2)
    expect(html).toMatch(/<dt>severity<\/dt><dd>0\.\d\d<\/dd>/)
    const circles = html.match(/<circle /g)?.length ?? 0
    expect(circles).toBeGreaterThan(0)
    expect(html.match(/<path class="bar /g)).toHaveLength(circles)
    expect(html).toContain('at 2.8 or above')
    expect(html).not.toMatch(/NaN|Infinity|undefined|<script/)
  })

  it('is a whole page also for a constant series, and lets no name become markup', async () => {
    const flat = Array.from({ length: 10 }, (_, i) => ({ t: i, v: 5 }))
    const html = await pageOf(flat, '<b>"a" & b</b>.csv')
    expect(html).toContain('<title>&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt;.csv</title>')
    expect(html).toContain('0 anomalies')
    expect(html).not.toMatch(/NaN|Infinity|undefined|<b>/)
  })
})

describe('EnvelopeBuilder', () => {
  it('keeps the highest and lowest value however many points there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.nat(), (length, at) => {
        const builder = new EnvelopeBuilder()
        for (let i = 0; i < length; i++) builder.add(i, i === at % length ? 9 : 1)
        const { low, high, fromMs, toMs } = builder.build()
        expect([fromMs, toMs, high.length]).toEqual([0, length - 1, chartColumns])
        expect(Math.max(...high.filter((value) => !Number.isNaN(value)))).toBe(9)
        if (length > 1) expect(Math.min(...low.filter((value) => !Number.isNaN(value)))).toBe(1)
      }),
      { numRuns: 25 },
    )
  })
})
