import type { Anomaly } from '../anomaly.ts'

/** One line of a chart: the lowest and highest value of each of its columns. */
export interface Envelope {
  readonly fromMs: number
  readonly toMs: number
  readonly low: Float64Array
  readonly high: Float64Array
}

const width = 960
const gutter = 64

/** Columns that a chart has; an `Envelope` is as wide. */
export const chartColumns = width - gutter

interface ChartOptions {
  readonly height: number
  readonly label: string
  readonly anomalies: readonly Pick<Anomaly, 't0Ms' | 't1Ms'>[]
  /** A value at which a dashed line is drawn. */
  readonly line?: number
}

/** An SVG of a series as the band between its lowest and highest values, with the anomalies' stretches behind it. */
export function seriesChart(envelope: Envelope, options: ChartOptions): string {
  const { height, label, anomalies, line } = options
  const { fromMs, toMs, low, high } = envelope
  const values = [...low, ...high, ...(line === undefined ? [] : [line])].filter(Number.isFinite)
  const bottom = values.reduce((a, b) => Math.min(a, b), Infinity)
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const y = (value: number): number =>
    top === bottom ? height / 2 : 6 + ((top - value) / (top - bottom)) * (height - 12)
  const x = (t: number): number =>
    gutter + (toMs === fromMs ? 0 : ((t - fromMs) / (toMs - fromMs)) * chartColumns)
  const band: string[] = []
  for (let i = 0; i < chartColumns; i++) {
    const [from = NaN, to = NaN] = [low[i], high[i]]
    if (!Number.isFinite(from)) continue
    band.push(`M${gutter + i} ${(y(to) - 0.6).toFixed(1)}V${(y(from) + 0.6).toFixed(1)}`)
  }
  const spans = anomalies.map(({ t0Ms, t1Ms }, i) => {
    const left = x(t0Ms)
    const wide = Math.max(2, x(t1Ms) - left)
    return `<rect class="span" x="${left.toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="${height}"/><text class="mark" x="${(left + 2).toFixed(1)}" y="10">${i + 1}</text>`
  })
  const limit =
    line === undefined
      ? ''
      : `<path class="limit" d="M${gutter} ${y(line).toFixed(1)}H${width}"/><text x="${gutter - 6}" y="${(y(line) + 4).toFixed(1)}" text-anchor="end">${axisText(line)}</text>`
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${spans.join('')}<path class="band" d="${band.join('')}"/>${limit}<text x="${gutter - 6}" y="12" text-anchor="end">${axisText(top)}</text><text x="${gutter - 6}" y="${height - 2}" text-anchor="end">${axisText(bottom)}</text></svg>`
}

function axisText(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : ''
}
