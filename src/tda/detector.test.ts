import { describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { anomalySchema } from './anomaly.ts'
import { detectSeries, StreamDetector } from './detector.ts'
import type { SeriesPoint } from './series.ts'

type Change = (value: number, i: number) => number

/** A noisy season of 50 points around 100, sampled every second, with a change put in. */
function stream(length: number, change: Change = (value) => value, seed = 1): SeriesPoint[] {
  const random = seededRandom(seed)
  return Array.from({ length }, (_, i) => {
    const noise = random() + random() + random() - 1.5
    return { t: i * 1_000, v: change(100 + 10 * Math.sin((i / 50) * 2 * Math.PI) + 2 * noise, i) }
  })
}

const find = (points: readonly SeriesPoint[]) => detectSeries(points, { source: 'test' })
const between = (i: number, from: number, to: number): boolean => i >= from && i < to

const raised: Change = (v, i) => (between(i, 700, 720) ? v + 60 : v)

describe('StreamDetector', () => {
  it('stays quiet on a steady noisy season, whatever the seed', () => {
    for (let seed = 1; seed <= 5; seed++) expect(find(stream(1_200, undefined, seed))).toEqual([])
  })

  it.each<[string, Change]>([
    ['a spike', (v, i) => (between(i, 700, 703) ? v + 60 : v)],
    ['a shift of level', (v, i) => (between(i, 700, 760) ? v + 40 : v)],
    ['a ramp', (v, i) => (between(i, 700, 790) ? v + (i - 700) : v)],
    ['a season that stops', (v, i) => (between(i, 700, 780) ? 100 + (v % 1) : v)],
    ['a value that is stuck', (v, i) => (between(i, 700, 780) ? 97 : v)],
    ['more noise', (v, i) => (between(i, 700, 780) ? v + 25 * Math.sin(i * 12.9898) : v)],
  ])('finds %s where it is', (_, change) => {
    const found = find(stream(1_200, change))
    expect(found.length).toBeGreaterThanOrEqual(1)
    const [first] = found
    expect(first?.t0Ms).toBeGreaterThanOrEqual(700_000)
    expect(first?.t0Ms).toBeLessThan(790_000)
  })

  it('reports anomalies of the published shape, small, with the longest bars and finite numbers', () => {
    const [anomaly] = find(stream(1_200, (v, i) => (between(i, 700, 720) ? v + 60 : v)))
    expect(anomalySchema.parse(anomaly)).toEqual(anomaly)
    expect(anomaly?.severity).toBeGreaterThan(0.5)
    expect(anomaly?.score).toBeGreaterThanOrEqual(anomaly?.threshold ?? Infinity)
    expect(JSON.stringify(anomaly).length).toBeLessThan(1_500)
    expect(JSON.parse(JSON.stringify(anomaly))).toEqual(anomaly)
  })

  it('never looks ahead: what follows changes nothing that was said before', () => {
    const calm = stream(1_000)
    const wild = stream(1_000, (v, i) => (i >= 600 ? v * 5 : v))
    const one = new StreamDetector({ source: 'test' })
    const two = new StreamDetector({ source: 'test' })
    for (let i = 0; i < 600; i++) {
      const a = one.push(calm[i] as SeriesPoint)
      const b = two.push(wild[i] as SeriesPoint)
      expect(b).toEqual(a)
    }
  })

  it('tells an anomaly when it begins and again when it ends, under one id', () => {
    const detector = new StreamDetector({ source: 'test' })
    const told: string[] = []
    let closedAt = 0
    let endedAt = 0
    for (const point of stream(1_200, (v, i) => (between(i, 700, 740) ? v + 60 : v))) {
      const { opened, closed } = detector.push(point)
      if (opened !== null) told.push(opened.windowId)
      if (closed !== null) {
        told.push(closed.windowId)
        closedAt = point.t
        endedAt = closed.t1Ms
      }
    }
    expect(told).toHaveLength(2)
    expect(told[0]).toBe(told[1])
    expect(endedAt).toBeGreaterThanOrEqual(739_000)
    expect(closedAt).toBeLessThan(800_000)
  })

  it('takes a shift that stays as one anomaly and then as the new normal', () => {
    const found = find(stream(2_500, (v, i) => (i >= 700 ? v + 60 : v)))
    expect(found).toHaveLength(1)
    expect(found[0]?.t0Ms).toBe(700_000)
  })

  it('closes an open anomaly when the series ends', () => {
    const found = find(stream(705, (v, i) => (i >= 700 ? v + 60 : v)))
    expect(found).toHaveLength(1)
  })

  it('says nothing about a constant series, and notices its first move', () => {
    const constant = Array.from({ length: 1_000 }, (_, i) => ({ t: i * 1_000, v: 45 }))
    expect(find(constant)).toEqual([])
    expect(
      find(constant.map((point, i) => (i === 900 ? { ...point, v: 46 } : point))),
    ).toHaveLength(1)
  })

  it('gives the same answer for the same series in another unit', () => {
    const plain = find(stream(1_000, raised))
    const scaled = find(stream(1_000, (v, i) => raised(v, i) * 1e6))
    expect(scaled.map((a) => [a.t0Ms, a.t1Ms, a.kind])).toEqual(
      plain.map((a) => [a.t0Ms, a.t1Ms, a.kind]),
    )
  })

  it('refuses values that are not finite and options out of range', () => {
    const detector = new StreamDetector({ source: 'test' })
    expect(() => detector.push({ t: 0, v: NaN })).toThrow(/not finite/)
    expect(() => new StreamDetector({ source: 'test', windowPoints: 3 })).toThrow(/out of range/)
    expect(() => new StreamDetector({ source: 'test', stridePoints: 0 })).toThrow(/out of range/)
  })
})
