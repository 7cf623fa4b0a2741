import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { AgentContext } from '../agents/index.ts'
import { isOrchestrationError } from '../core/errors.ts'
import { formatDuration } from '../core/duration.ts'
import {
  anomalyKinds,
  classify,
  correlation,
  readSeriesTable,
  type AnomalyKind,
  type SeriesTable,
} from '../tda/index.ts'

/** Input of `explain`: an anomaly as `detect`, `aura tda scan` or the feed give it; `index` is its place in a list. */
export const explainInput = z.object({
  anomaly: z.looseObject({
    source: z.string(),
    column: z.string().nullish(),
    t0Ms: z.number(),
    t1Ms: z.number(),
    kind: z.enum(anomalyKinds),
    severity: z.number().optional(),
    score: z.number().optional(),
    features: z.record(z.string(), z.unknown()).optional(),
  }),
  index: z.union([z.number(), z.string()]).nullish(),
})

export const explanationSchema = z.object({
  kind: z.enum(anomalyKinds),
  /** Signed, in robust standard deviations of what was normal; of a variance change the ratio of scales, of a flat line its share of the window. */
  magnitude: z.number(),
  t0Ms: z.number(),
  t1Ms: z.number(),
  /** Other columns of the same file that moved with it, the closest first; negative is the other way round. */
  correlated: z.array(z.object({ column: z.string(), correlation: z.number() })),
  summary: z.string(),
})

type Explanation = z.infer<typeof explanationSchema>
type AnomalyGiven = z.infer<typeof explainInput>['anomaly']

/** Rows that are read back: season and noise are learnt from those before the anomaly. */
const rowsMax = 2_048
/** From this correlation on, another column counts as moving along. */
const correlationMin = 0.6
const companionsMax = 8
/** Shortest stretch that is classified or correlated. */
const stretchMin = 32

/**
 * Explains an anomaly. If its source is a CSV file, the rows up to its end are read again, the stretch is
 * classified against the rows before it, and the file's other columns are compared with it. Otherwise, or when the
 * file is gone, the anomaly alone is told.
 */
export async function explain(
  input: z.infer<typeof explainInput>,
  context: Pick<AgentContext, 'logger'>,
): Promise<Explanation> {
  const { anomaly } = input
  const table = await readAround(anomaly, context)
  const around = table === null ? null : stretchOf(table, anomaly)
  const verdict = around === null ? null : classify(around.window, around.baseline)
  const kind = verdict?.kind ?? anomaly.kind
  const magnitude = verdict?.magnitude ?? magnitudeAlone(anomaly)
  const correlated = around === null ? [] : companionsOf(around)
  const { t0Ms, t1Ms } = anomaly
  const summary = summaryOf({
    kind,
    magnitude,
    t0Ms,
    t1Ms,
    correlated,
    column: around?.column ?? anomaly.column,
  })
  return { kind, magnitude: round(magnitude), t0Ms, t1Ms, correlated, summary }
}

async function readAround(
  anomaly: AnomalyGiven,
  context: Pick<AgentContext, 'logger'>,
): Promise<SeriesTable | null> {
  // A name such as `values` is no file; scans always give absolute paths.
  if (!isAbsolute(anomaly.source)) return null
  try {
    return await readSeriesTable(anomaly.source, { untilMs: anomaly.t1Ms, rowsMax })
  } catch (error) {
    if (!isOrchestrationError(error) || error.code !== 'SeriesError') throw error
    context.logger.log('warn', 'the series cannot be read again; explaining the anomaly alone', {
      source: anomaly.source,
      error: error.message,
    })
    return null
  }
}

interface Stretch {
  readonly column: string
  readonly window: Float64Array
  readonly baseline: Float64Array
  /** The window's rows of every other column. */
  readonly others: readonly { readonly column: string; readonly values: readonly number[] }[]
}

const isPresent = (value: number): boolean => !Number.isNaN(value)

/** The rows of the anomaly with as many before it again, and the rows before those. */
function stretchOf(table: SeriesTable, anomaly: AnomalyGiven): Stretch | null {
  const named = table.columns.indexOf(anomaly.column ?? '')
  const chosen = Math.max(0, named)
  const values = table.values[chosen]
  const start = table.t.findIndex((t) => t >= anomaly.t0Ms)
  if (values === undefined || start === -1) return null
  const length = table.t.length - start
  const from = Math.max(0, Math.min(start - Math.max(16, length), table.t.length - stretchMin))
  const window = Float64Array.from(values.slice(from).filter(isPresent)).slice(-1_000)
  const baseline = Float64Array.from(values.slice(0, from).filter(isPresent))
  if (window.length < 16 || baseline.length < 16) return null
  const others = table.columns.flatMap((column, i) =>
    i === chosen ? [] : [{ column, values: (table.values[i] ?? []).slice(from) }],
  )
  return { column: table.columns[chosen] ?? '', window, baseline, others }
}

function companionsOf(stretch: Stretch): { column: string; correlation: number }[] {
  return stretch.others
    .filter(({ values }) => values.length === stretch.window.length && !values.some(Number.isNaN))
    .map(({ column, values }) => ({
      column,
      correlation: round(rankCorrelation(stretch.window, values)),
    }))
    .filter((entry) => Math.abs(entry.correlation) >= correlationMin)
    .toSorted((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation))
    .slice(0, companionsMax)
}

/** Spearman's: of ranks, so that one outlier does not make a companion, nor hide one. */
function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(ranks(a), ranks(b))
}

function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (value, i) => ({ value, i })).sort((a, b) => a.value - b.value)
  const result = new Float64Array(values.length)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to < order.length && order[to]?.value === order[from]?.value) to++
    for (let i = from; i < to; i++) result[order[i]?.i as number] = (from + to - 1) / 2
    from = to
  }
  return result
}

function magnitudeAlone(anomaly: AnomalyGiven): number {
  const known = anomaly.features?.['magnitude']
  return typeof known === 'number' ? known : (anomaly.score ?? 0)
}

const round = (value: number): number => Number(value.toPrecision(4))

const nouns: Readonly<Record<AnomalyKind, string>> = {
  spike: 'spike',
  levelShift: 'shift of level',
  trend: 'trend',
  periodicityLoss: 'loss of periodicity',
  varianceChange: 'change of variance',
  flatLine: 'flat line',
}

function summaryOf(
  told: Omit<Explanation, 'summary'> & { readonly column: string | null | undefined },
): string {
  const { kind, magnitude, correlated } = told
  const size =
    kind === 'varianceChange'
      ? `to ${round(magnitude)} times the usual scale`
      : kind === 'flatLine'
        ? `over ${Math.round(magnitude * 100)} % of the window`
        : `of ${round(magnitude)} standard deviations`
  const where = told.column == null ? '' : ` in ${told.column}`
  const span = formatDuration(Math.round((told.t1Ms - told.t0Ms) / 100) * 100)
  const names = correlated.map(({ column }) => column).join(', ')
  const moved = correlated.length === 0 ? 'nothing else moved with it' : `${names} moved with it`
  return `${nouns[kind]}${where} ${size}, from ${isoTime(told.t0Ms)} for ${span}; ${moved}`
}

function isoTime(t: number): string {
  return Math.abs(t) <= 8.64e15 ? new Date(t).toISOString() : `${t} ms`
}
