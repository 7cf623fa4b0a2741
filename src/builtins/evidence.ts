import { anomalyKinds, type AnomalyKind } from '../tda/index.ts'

/** One finding, whoever made it. */
export interface Evidence {
  readonly kind: AnomalyKind
  /** 0..1: statistical strength. */
  readonly strength: number
  readonly durationMs: number
  /** How many other measurements moved with it. */
  readonly companions: number
}

/** Most findings that are weighed; the strongest are kept. */
const evidenceMax = 1_000

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/**
 * Reads findings of any of the built-ins' shapes: a list of explanations, of anomalies or of nulls (skipped items),
 * what `detect` answers, a single finding, null. Whatever is no finding is passed over.
 */
export function readEvidence(findings: unknown): Evidence[] {
  const all = collect(findings, 0)
  return all.toSorted((a, b) => b.strength - a.strength).slice(0, evidenceMax)
}

function collect(value: unknown, depth: number): Evidence[] {
  if (depth > 4) return []
  if (Array.isArray(value)) return value.flatMap((item: unknown) => collect(item, depth + 1))
  if (!isRecord(value)) return []
  const kind = anomalyKinds.find((known) => known === value['kind'])
  if (kind !== undefined) return [readOne(kind, value)]
  return ['anomalies', 'findings', 'results', 'output'].flatMap((key) =>
    collect(value[key], depth + 1),
  )
}

function readOne(kind: AnomalyKind, value: Readonly<Record<string, unknown>>): Evidence {
  const severity = numberOf(value['severity'])
  const strength = severity ?? strengthOf(kind, numberOf(value['magnitude']) ?? 0)
  const t0Ms = numberOf(value['t0Ms']) ?? 0
  const correlated: unknown = value['correlated']
  return {
    kind,
    strength: Math.min(1, Math.max(0, strength)),
    durationMs: Math.max(0, (numberOf(value['t1Ms']) ?? t0Ms) - t0Ms),
    companions: Array.isArray(correlated) ? correlated.length : 0,
  }
}

/** Strength of a magnitude as `analyst.explain` gives it: half way at 8 standard deviations, or a scale ratio of 4. */
function strengthOf(kind: AnomalyKind, magnitude: number): number {
  const size = Math.abs(magnitude)
  if (kind === 'flatLine') return 0.3 + 0.6 * Math.min(1, size)
  if (kind !== 'varianceChange') return size / (size + 8)
  const ratio = Math.max(size, 1 / Math.max(size, 1e-6))
  return (ratio - 1) / (ratio + 2)
}
