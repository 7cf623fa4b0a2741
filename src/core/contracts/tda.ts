import type { JsonObject } from '../json.ts'

/** What the TDA feed says at one moment. Scores are in 0..1; unavailable means scores 0 and empty lists. */
export interface TdaContext {
  readonly correlationId: string | null
  readonly windowId: string | null
  readonly patternConfidence: number
  readonly anomalySeverity: number
  readonly patterns: readonly JsonObject[]
  readonly anomalies: readonly JsonObject[]
  readonly ageMs: number
  readonly available: boolean
}

/** The context when no feed answers. */
export const unavailableTda: TdaContext = {
  correlationId: null,
  windowId: null,
  patternConfidence: 0,
  anomalySeverity: 0,
  patterns: [],
  anomalies: [],
  ageMs: 0,
  available: false,
}

/** Gives the TDA context in force, and tells when it changes. */
export interface TdaContextSource {
  /** The context of this moment; `available: false` when no feed answers. Never throws. */
  current(): TdaContext
  /**
   * Calls `listener` with the new context when an anomaly comes into force or goes out of it, not merely
   * because it grows older. Returns a function that ends it.
   */
  onChange(listener: (context: TdaContext) => void): () => void
}
