import type { Anomaly } from './anomaly.ts'
import type { TdaPattern } from './tda-client.ts'

const linesMax = 20

/**
 * What is in force, in words: the anomalies and patterns that a word of the query names by source, column or
 * kind; all of them when none is named. The strongest first, at most twenty.
 */
export function describeTda(
  query: string,
  of: { readonly anomalies: readonly Anomaly[]; readonly patterns: readonly TdaPattern[] },
): string {
  const words = query.toLowerCase().match(/[\p{L}\p{N}_.-]{3,}/gu) ?? []
  const lines = [
    ...of.anomalies.map((one) => line(one, `severity ${one.severity.toFixed(2)}`)),
    ...of.patterns.map((one) => line(one, `confidence ${one.confidence.toFixed(2)}`)),
  ]
  const named = lines.filter((text) => words.some((word) => text.toLowerCase().includes(word)))
  const told = named.length > 0 ? named : lines
  if (told.length === 0) return 'No anomaly is in force and no pattern was reported.'
  const rest = told.length - linesMax
  return [...told.slice(0, linesMax), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n')
}

function line(
  {
    kind,
    source,
    column,
    t0Ms,
    t1Ms,
  }: Pick<Anomaly, 'kind' | 'source' | 'column' | 't0Ms' | 't1Ms'> | TdaPattern,
  strength: string,
): string {
  const where = column === null ? source : `${source} (${column})`
  const [from, to] = [t0Ms, t1Ms].map((ms) => new Date(ms).toISOString())
  return `${kind} in ${where}, ${strength}, ${from} to ${to}`
}
