import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { amplifiedUrgency, coordinationOf, surroundings, tdaPatternMatch } from './coordination.ts'

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const anomaly = { source: 's', t0Ms: 1_000, t1Ms: 2_000, severity: 0.8, correlationId: 'c-1' }
const context = { ...unavailableTda, available: true, anomalySeverity: 0.8, anomalies: [anomaly] }

test('urgency is raised within 0..1 and never falls when urgency or severity rises', () => {
  fc.assert(
    fc.property(unit, unit, unit, unit, (urgency, severity, more, worse) => {
      const amplified = amplifiedUrgency(urgency, severity)
      expect(amplified).toBeGreaterThanOrEqual(urgency)
      expect(amplified).toBeLessThanOrEqual(1)
      expect(amplifiedUrgency(Math.max(urgency, more), severity)).toBeGreaterThanOrEqual(amplified)
      expect(amplifiedUrgency(urgency, Math.max(severity, worse))).toBeGreaterThanOrEqual(amplified)
    }),
  )
})

test('without an anomaly urgency is as it was; a severe one takes half of what is missing', () => {
  expect(amplifiedUrgency(0.3, 0)).toBeCloseTo(0.3)
  expect(amplifiedUrgency(0.3, 1)).toBeCloseTo(0.65)
  expect(amplifiedUrgency(0.3, Number.NaN)).toBeCloseTo(0.3)
  expect(amplifiedUrgency(0.3, 7)).toBeCloseTo(0.65)
})

test.each([
  [true, 0, 'consensus'],
  [true, 1, 'consensus'],
  [false, 0.81, 'hierarchical'],
  [false, 0.8, 'pipeline'],
] as const)(
  'consensus when required, else by complexity: %s %s',
  (requiresConsensus, score, expected) => {
    expect(coordinationOf({ requiresConsensus, complexityScore: score }, 0.8)).toBe(expected)
  },
)

test.each([
  [500, 900, 0],
  [1_000, 2_000, 0.8],
  [1_500, 2_500, 0.4],
  [1_500, 1_500, 0.8],
  [2_001, 2_001, 0],
])('a match from %i to %i agrees with an anomaly by the share inside', (t0Ms, t1Ms, expected) => {
  expect(tdaPatternMatch(context, null, [{ t0Ms, t1Ms }])).toBeCloseTo(expected)
})

test('an event that names the anomaly agrees with it, another correlation does not', () => {
  expect(tdaPatternMatch(context, 'c-1', [])).toBe(0.8)
  expect(tdaPatternMatch(context, 'c-2', [])).toBe(0)
  expect(tdaPatternMatch({ ...context, patternConfidence: 0.9 }, 'c-1', [])).toBe(0.9)
  expect(tdaPatternMatch({ ...context, available: false }, 'c-1', [])).toBe(0)
})

test('several troubled sources widen an event, the more so the more severe', () => {
  const others = ['s', 't', 'u'].map((source) => ({ ...anomaly, source }))
  const shareOf = (anomalySeverity: number, anomalies = others): number =>
    surroundings({ ...context, anomalySeverity, anomalies }, [])[0]!.share
  expect(shareOf(0.8)).toBeCloseTo(0.2)
  expect(shareOf(0.4)).toBeCloseTo(0.1)
  expect(shareOf(0.8, [anomaly])).toBe(0)
})

test('anomalies that a feed describes otherwise are left out', () => {
  const strange = [{ source: 's' }, { ...anomaly, t0Ms: 'now' }, { ...anomaly, severity: null }]
  expect(tdaPatternMatch({ ...context, anomalies: strange }, 'c-1', [])).toBe(0)
})
