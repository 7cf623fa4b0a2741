import type { JsonObject } from '../src/core/json.ts'
import type { ExecutionRecord } from './records.ts'

/**
 * An execution is adapted once for each request, and once for an anomaly, under however many event ids
 * that is reported.
 */
export function isAdaptedOnce({ model, isExempt }: ExecutionRecord): boolean {
  // The disk has lost what the model saw: what is lost is made again.
  if (isExempt) return true
  const ids: string[] = []
  for (const { event } of model.events) {
    if (event.kind !== 'ExecutionAdapted') continue
    ids.push(`request ${event.id}`)
    const anomaly = anomalyOf(event.cause ?? {})
    if (anomaly !== null) ids.push(`anomaly ${anomaly}`)
  }
  return new Set(ids).size === ids.length
}

/** The anomaly that an adaptation follows from; null for none. */
function anomalyOf({ eventType, tdaCorrelation }: JsonObject): string | null {
  if (eventType !== 'tda_anomaly_detected' || typeof tdaCorrelation !== 'string') return null
  return tdaCorrelation
}
