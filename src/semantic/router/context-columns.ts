import type { Row } from '../learning/row.ts'
import type { TaskContext } from './agent-profile.ts'

/** Length that a context adds to a row whose text has length 1. */
const contextLength = 2.5

/**
 * A text's row with its TDA context: calm or anomalous, how severe in three bins, and how sure the feed is of
 * its pattern. They lie in the reserved columns. An unknown context and one whose feed is silent add nothing.
 */
export function withContext(row: Row, context: TaskContext | null): Row {
  if (context === null || !context.available) return row
  const { anomalySeverity: severity } = context
  const found = [
    severity > 0 ? 0 : 1,
    ...(severity >= 0.8 ? [2] : severity >= 0.5 ? [3] : severity > 0 ? [4] : []),
    ...(context.patternConfidence >= 0.5 ? [5] : []),
  ]
  const columns = new Int32Array(row.columns.length + found.length)
  columns.set(row.columns)
  columns.set(found, row.columns.length)
  const values = new Float32Array(columns.length).fill(contextLength / Math.sqrt(found.length))
  values.set(row.values)
  return { columns, values }
}

/** The context of an anomaly of this severity that the feed is sure of; 0 for a calm one. */
export function contextOfSeverity(anomalySeverity: number): TaskContext {
  return { available: true, anomalySeverity, patternConfidence: anomalySeverity > 0 ? 1 : 0 }
}
