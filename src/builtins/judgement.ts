import { z } from 'zod'
import type { AnomalyKind } from '../tda/index.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'

/** Severities from harmless to urgent. */
export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/**
 * Input of `decide`. `findings` may be a list of explanations or anomalies, what `detect` answered, or nothing;
 * `decisions` are earlier verdicts of the same shape as the output.
 */
export const decideInput = z.looseObject({
  findings: z.unknown().optional(),
  decisions: z.unknown().optional(),
})

export const decisionSchema = z.object({
  severity: z.enum(severities),
  /** What to do: record, watch, investigate or page. */
  action: z.enum(['record', 'watch', 'investigate', 'page']),
  confidence: z.number().min(0).max(1),
  reason: z.string(),
})

export type Decision = z.infer<typeof decisionSchema>

const actionOf = { low: 'record', medium: 'watch', high: 'investigate', critical: 'page' } as const
/** Where on the scale of 0 to 1 medium, high and critical begin. */
const boundaries = [0.3, 0.55, 0.8] as const

/** How much a kind matters by itself: what passes by itself little, what lasts or hides a dead sensor much. */
const kindWeight: Readonly<Record<AnomalyKind, number>> = {
  spike: 0.4,
  varianceChange: 0.65,
  periodicityLoss: 0.7,
  levelShift: 0.8,
  trend: 0.85,
  flatLine: 0.85,
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value))

/** Turns a score of 0 to 1 into a decision; confidence falls near a boundary and with little evidence. */
function decisionOf(score: number, count: number, reason: string): Decision {
  const level = boundaries.filter((boundary) => score >= boundary).length
  const severity = severities[level] as Severity
  const margin = Math.min(...boundaries.map((boundary) => Math.abs(score - boundary)))
  const confidence = 0.55 + Math.min(0.3, 1.5 * margin) + Math.min(0.1, 0.04 * count)
  return { severity, action: actionOf[severity], confidence: Number(confidence.toFixed(3)), reason }
}

const nothingFound: Decision = {
  severity: 'low',
  action: 'record',
  confidence: 0.9,
  reason: 'no anomaly was found',
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The strongest finding counts whole; the more findings, the less likely is chance. */
function statisticalScore(evidence: readonly Evidence[]): number {
  const strongest = evidence[0]?.strength ?? 0
  return clamp(strongest + Math.min(0.1, 0.03 * (evidence.length - 1)))
}

/** The gravest finding by kind, strength, share of the time it lasted, and what moved with it. */
function causalScore(evidence: readonly Evidence[]): { score: number; gravest: Evidence | null } {
  const longestMs = Math.max(1, ...evidence.map((item) => item.durationMs))
  let best: { score: number; gravest: Evidence | null } = { score: 0, gravest: null }
  for (const item of evidence) {
    const lasting = 0.1 * (item.durationMs / longestMs)
    const spread = Math.min(0.2, 0.05 * item.companions)
    const score = clamp(kindWeight[item.kind] * (0.35 + 0.65 * item.strength) + lasting + spread)
    if (score > best.score) best = { score, gravest: item }
  }
  return best
}

/** The observer's view: how strong the statistics are, whatever the kind. */
export function judgeByStrength(findings: unknown): Decision {
  const evidence = readEvidence(findings)
  if (evidence.length === 0) return nothingFound
  const score = statisticalScore(evidence)
  const strongest = (evidence[0]?.strength ?? 0).toFixed(2)
  const reason = `${plural(evidence.length, 'finding')}, the strongest of strength ${strongest}`
  return decisionOf(score, evidence.length, reason)
}

/** The analyst's view: what kind of change it is, how long it lasted and what moved with it. */
export function judgeByKind(findings: unknown): Decision {
  const evidence = readEvidence(findings)
  const { score, gravest } = causalScore(evidence)
  if (gravest === null) return nothingFound
  const kinds = [...new Set(evidence.map((item) => item.kind))].join(', ')
  const companions = plural(gravest.companions, 'other measurement')
  const reason = `${kinds}; gravest is a ${gravest.kind} over ${gravest.durationMs} ms with which ${companions} moved`
  return decisionOf(score, evidence.length, reason)
}

/** The supervisor's view: both others' scores, and earlier decisions as far as they were sure of themselves. */
export function judgeOverall(findings: unknown, decisions: unknown): Decision {
  const evidence = readEvidence(findings)
  const earlier = readDecisions(decisions)
  if (evidence.length === 0 && earlier.length === 0) return nothingFound
  const own =
    evidence.length === 0 ? 0 : (statisticalScore(evidence) + causalScore(evidence).score) / 2
  // The own view counts as one very sure decision; it has nothing to say without findings.
  let weight = evidence.length === 0 ? 0 : 1
  let sum = own * weight
  for (const decision of earlier) {
    sum += decision.confidence * decision.score
    weight += decision.confidence
  }
  const score = weight > 0 ? sum / weight : 0
  const said = earlier.length === 0 ? '' : ` and ${plural(earlier.length, 'earlier decision')}`
  const strength = evidence[0]?.strength.toFixed(2) ?? '0'
  const reason = `weighed ${plural(evidence.length, 'finding')} (strength up to ${strength})${said} to ${score.toFixed(2)} of 1`
  return decisionOf(score, evidence.length + earlier.length, reason)
}

const earlierDecision = z.looseObject({
  severity: z.enum(severities),
  confidence: z.number().min(0).max(1).default(0.5),
})
const middleOf: Readonly<Record<Severity, number>> = {
  low: 0.15,
  medium: 0.42,
  high: 0.68,
  critical: 0.9,
}

function readDecisions(decisions: unknown): { score: number; confidence: number }[] {
  if (!Array.isArray(decisions)) return []
  return decisions.slice(0, 100).flatMap((entry: unknown) => {
    const read = earlierDecision.safeParse(entry)
    if (!read.success) return []
    return [{ score: middleOf[read.data.severity], confidence: read.data.confidence }]
  })
}
