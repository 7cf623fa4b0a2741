import { z } from 'zod'

/** What an anomaly looks like. */
export const anomalyKinds = [
  'spike',
  'levelShift',
  'trend',
  'periodicityLoss',
  'varianceChange',
  'flatLine',
] as const

export type AnomalyKind = (typeof anomalyKinds)[number]

/** Most bars in an anomaly's diagram: the longest ones. */
export const anomalyBarsMax = 16

/** The wire shape of an anomaly, as in `aura tda scan --json`, the feed and the observer's output. */
export const anomalySchema = z.object({
  /** Names source, start and detector settings; the same scan gives the same id. */
  windowId: z.string(),
  /** Absolute path or name of the series. */
  source: z.string(),
  /** Column of the source; null when it has only one. */
  column: z.string().nullable(),
  t0Ms: z.number(),
  t1Ms: z.number(),
  kind: z.enum(anomalyKinds),
  /** 0..1: how rare and how large together. */
  severity: z.number().min(0).max(1),
  /** −log10 of the probability of the most surprising point. */
  score: z.number(),
  threshold: z.number(),
  /** The longest bars of the window at its most surprising point, as [dimension, birth, death]. */
  diagram: z.array(z.tuple([z.number(), z.number(), z.number()])).max(anomalyBarsMax),
  /** Named numbers that led to the verdict; see the detector for their meaning. */
  features: z.record(z.string(), z.number()),
})

export type Anomaly = z.infer<typeof anomalySchema>
