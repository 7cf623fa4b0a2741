import { z } from 'zod'
import type { TdaContext } from '../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { anomalyBarsMax, type Anomaly } from './anomaly.ts'

/** The types of the events between a TDA system and Aura; each has a topic of its own in a shared mesh. */
export const tdaTypes = {
  anomaly: 'tda.anomaly.detected',
  patterns: 'tda.patterns.observed',
  result: 'aura.result.recorded',
  compensated: 'workflow.compensated',
} as const

/** The shape of a window of a series: topic `tda.patterns.v1`. */
export const patternSchema = z.object({
  /** Names source, column and window: the same window gives the same id. */
  windowId: z.string().min(1).max(1_024),
  /** Absolute path or name of the series. */
  source: z.string().min(1).max(1_024),
  column: z.string().max(1_024).nullable().default(null),
  t0Ms: z.number(),
  t1Ms: z.number(),
  /** Such as `periodic` or `irregular`. */
  kind: z.string().min(1).max(1_024),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1),
  /** The longest bars as [dimension, birth, death]. */
  diagram: z
    .array(z.tuple([z.number(), z.number(), z.number()]))
    .max(anomalyBarsMax)
    .default([]),
  features: z.record(z.string(), z.number()).default({}),
  correlationId: z.string().nullable().default(null),
})

export type TdaPattern = z.infer<typeof patternSchema>

/** What became of an execution that an anomaly has started: topic `aura.results.v1`. */
export const resultSchema = z.object({
  /** That of the anomaly, and of the error log. */
  correlationId: z.string().min(1).max(1_024),
  executionId: z.string().min(1),
  workflow: z.string().nullable(),
  status: z.enum(['completed', 'failed', 'cancelled']),
  output: z.custom<JsonValue>().meta({ description: 'any JSON' }),
  error: z.custom<JsonObject | null>().meta({ description: 'code, message, retryable; or null' }),
})

/** What was undone before an execution ended, told by itself: topic `aura.results.v1`. */
export const compensatedSchema = z.object({
  executionId: z.string().min(1),
  workflow: z.string(),
  /** Of the anomaly in force, else of the event that started the execution, else its id. */
  correlationId: z.string().min(1),
  /** Null where none failed: it was cancelled, or ran out of time. */
  failedStep: z.string().nullable(),
  /** Why it ended so. */
  errorCode: z.string(),
  /** Steps that were undone, in the order of the document. */
  compensated: z.array(z.string()),
  /** Steps of which a compensation failed for good. */
  notCompensated: z.array(z.string()),
})

export type TdaResult = z.infer<typeof resultSchema>

/**
 * A TDA system as Aura sees it, embedded or far away: what is in force now, what is told of it, and where
 * results go back. What it has not heard of it does not know: it begins when it is opened.
 */
export interface TdaClient {
  /** Patterns that were reported within the last `windowMs`, the newest of each source and column, surest first. */
  getCurrentPatterns(windowMs: number): Promise<readonly TdaPattern[]>
  /**
   * Anomalies in force, the strongest first.
   *
   * @param filter `sinceMs`: epoch time that they end at or after; `minSeverity` 0 to 1; `source` exactly
   */
  getCurrentAnomalies(filter?: {
    readonly sinceMs?: number
    readonly minSeverity?: number
    readonly source?: string
  }): Promise<readonly Anomaly[]>
  /** The context in force as far as it belongs to a correlation id; unavailable when nothing does. */
  getContext(correlationId: string): Promise<TdaContext>
  /** What is in force, in words, for agents: that which the query names by source, column or kind, else all. */
  analyzeCurrentPatterns(query: string): Promise<string>
  /** Calls `handler` for each anomaly that is reported from now on; a repeat is told once. Returns a function that ends it. */
  onAnomaly(handler: (anomaly: Anomaly) => void): () => void
  /** Tells the TDA system what came of it. Resolves when it is accepted. @throws InputError; as `EventSink.publish` */
  sendResult(result: TdaResult): Promise<void>
  close(): Promise<void>
}
