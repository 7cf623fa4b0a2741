import { describe, expect, it } from 'vitest'
import { plotSeries } from './plot.ts'

const points = Array.from({ length: 500 }, (_, i) => ({
  t: Date.UTC(2026, 0, 1) + i * 60_000,
  v: i === 250 ? 90 : Math.sin(i / 20) * 10,
}))
const at = (i: number): number => Date.UTC(2026, 0, 1) + i * 60_000

describe('plotSeries', () => {
  it('draws exactly as many lines as asked, none wider than asked', () => {
    const lines = plotSeries(points, [], { width: 60, height: 12 })
    expect(lines).toHaveLength(12)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
    expect(lines.join('')).not.toContain('\u001b')
  })

  it('labels the highest and lowest value and the first and last time', () => {
    const lines = plotSeries(points, [], { width: 70, height: 8 })
    expect(lines[0]).toMatch(/^ +90 ┤/)
    expect(lines[5]).toMatch(/^ +-10 ┤/)
    expect(lines[7]).toContain('2026-01-01 00:00:00')
    expect(lines[7]).toContain('2026-01-01 08:19:00')
  })

  it('shows a single point that stands out however many share its column', () => {
    const top = plotSeries(points, [], { width: 30, height: 8 })[0] ?? ''
    expect(top.slice(10).trim()).not.toBe('')
  })

  it('marks and numbers anomalies below the chart without any colour', () => {
    const anomalies = [
      { t0Ms: at(100), t1Ms: at(150) },
      { t0Ms: at(400), t1Ms: at(401) },
    ]
    const marks = plotSeries(points, anomalies, { width: 60, height: 8 })[6] ?? ''
    expect(marks).toMatch(/^ {20}1▔+ +2 *$/)
  })

  it('paints marked columns red when colour is on, and only those', () => {
    const lines = plotSeries(points, [{ t0Ms: at(250), t1Ms: at(250) }], {
      width: 60,
      height: 8,
      color: true,
    })
    expect(lines[0]).toContain('\u001b[31m')
    expect(lines[7]).not.toContain('\u001b')
  })

  it('draws constant, single and missing points', () => {
    expect(plotSeries([{ t: 0, v: 5 }], [], { width: 40, height: 6 })).toHaveLength(6)
    expect(plotSeries([], [], { height: 6 })[0]).toBe('no points')
    const flat = plotSeries(
      points.map(({ t }) => ({ t, v: 3 })),
      [],
      { width: 40, height: 7 },
    )
    expect(flat.slice(0, 5).join('')).toMatch(/[\u2801-\u28ff]{10}/)
  })
})
