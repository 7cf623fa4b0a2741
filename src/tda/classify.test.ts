import { describe, expect, it } from 'vitest'
import { anomalyKinds } from './anomaly.ts'
import { classify } from './classify.ts'
import { syntheticCase } from './synthetic-series.ts'

const doubled = (value: number): number => value * 1_024
const moved = (value: number): number => value * 1_000 - 5e6

describe('classify', () => {
  it('reaches a macro-F1 of 0.9 on generated series whose seeds chose no threshold', () => {
    // Thresholds were chosen on seeds 1 to 200.
    const seeds = Array.from({ length: 150 }, (_, i) => 10_001 + i)
    const right = new Map(anomalyKinds.map((kind) => [kind, 0]))
    const given = new Map(anomalyKinds.map((kind) => [kind, 0]))
    for (const kind of anomalyKinds) {
      for (const seed of seeds) {
        const { window, baseline } = syntheticCase(seed, kind)
        const answer = classify(window, baseline).kind
        given.set(answer, (given.get(answer) ?? 0) + 1)
        if (answer === kind) right.set(kind, (right.get(kind) ?? 0) + 1)
      }
    }
    const scores = anomalyKinds.map((kind) => {
      return (2 * (right.get(kind) ?? 0)) / (seeds.length + (given.get(kind) ?? 0))
    })
    const report = anomalyKinds.map((kind, i) => `${kind} ${scores[i]?.toFixed(3)}`).join(', ')
    const macro = scores.reduce((sum, score) => sum + score, 0) / scores.length
    process.stdout.write(`classify: macro-F1 ${macro.toFixed(3)} (${report})\n`)
    expect(macro).toBeGreaterThanOrEqual(0.9)
    for (const score of scores) expect(score).toBeGreaterThanOrEqual(0.8)
  })

  it('does not depend on the unit or the zero of the series', () => {
    for (const kind of anomalyKinds) {
      const { window, baseline } = syntheticCase(42, kind)
      const plain = classify(window, baseline)
      // A power of two changes no rounding, so even ties are decided alike.
      const scaled = classify(window.map(doubled), baseline.map(doubled))
      expect(scaled.magnitude).toBeCloseTo(plain.magnitude, 6)
      expect(classify(window.map(moved), baseline.map(moved)).kind).toBe(plain.kind)
    }
  })

  it('tells the size of a shift in standard deviations, with its sign', () => {
    const noise = Array.from(
      { length: 300 },
      (_, i) => Math.sin(i * 12.9898) + Math.sin(i * 78.233),
    )
    const window = Float64Array.from(noise.slice(200), (value, i) => value - (i > 40 ? 10 : 0))
    const verdict = classify(window, Float64Array.from(noise.slice(0, 200)))
    expect(verdict.kind).toBe('levelShift')
    expect(verdict.magnitude).toBeLessThan(-5)
  })

  it('calls a stuck value a flat line also when it is stuck at a usual one', () => {
    const values = Array.from({ length: 200 }, (_, i) => Math.sin(i / 3) + Math.sin(i * 7.7))
    const window = Float64Array.from({ length: 60 }, (_, i) => (i < 20 ? (values[i] ?? 0) : 0.25))
    expect(classify(window, Float64Array.from(values)).kind).toBe('flatLine')
  })

  it('answers for a constant baseline', () => {
    const window = new Float64Array(40).fill(3, 20)
    expect(classify(window, new Float64Array(100)).kind).toBe('levelShift')
  })
})
