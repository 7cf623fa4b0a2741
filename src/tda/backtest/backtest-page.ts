import type { Anomaly } from '../anomaly.ts'
import type { DetectorUpdate } from '../detector.ts'
import type { ScanResult } from '../scan.ts'
import type { SeriesPoint } from '../series.ts'
import { barcode, persistenceDiagram } from './diagram-charts.ts'
import { EnvelopeBuilder } from './envelope.ts'
import { seriesChart } from './series-chart.ts'

/** Anomalies that are described one by one: the most severe. */
const describedMax = 50

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #667085; --paper: #fff; --h0: #2563a8; --h1: #c2410c; --span: #dc262633 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --dim: #98a2b3; --paper: #14181f; --h0: #7ab8ff; --h1: #fdba74; --span: #f8717144 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin-top: 2rem } p, dt { color: var(--dim) }
svg { width: 100%; height: auto; display: block } svg.small { width: 15rem } svg text { font-size: 11px; fill: var(--dim) }
.band { stroke: var(--h0); fill: none } .span { fill: var(--span) } .mark { fill: var(--h1) !important } .axis { stroke: var(--dim); fill: none }
.limit { stroke: var(--dim); stroke-dasharray: 4 3; fill: none } circle.h0 { fill: var(--h0) } circle.h1 { fill: var(--h1) }
.bar { stroke-width: 4; fill: none } .bar.h0 { stroke: var(--h0) } .bar.h1 { stroke: var(--h1) }
section { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; border-top: 1px solid #8884; padding: 1rem 0 }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; margin: 0; min-width: 19rem } dd { margin: 0; font-variant-numeric: tabular-nums }
section h3 { width: 100%; margin: 0; font-size: 1rem }
`

/** Collects a scan while it runs, in bounded memory, and draws it as one HTML page without scripts. */
export class BacktestPage {
  readonly #values = new EnvelopeBuilder()
  readonly #scores = new EnvelopeBuilder()
  #threshold = 0

  /** For `scanSeries`' `onPoint`. */
  add({ t, v }: SeriesPoint, { score, threshold }: DetectorUpdate): void {
    this.#values.add(t, v)
    this.#scores.add(t, score)
    this.#threshold = threshold
  }

  /** The page: the series, its score against the threshold, and of each anomaly its diagram and barcode. */
  html(source: string, { column, points, anomalies }: ScanResult): string {
    const title = `${escaped(source)}${column === null ? '' : ` · ${escaped(column)}`}`
    const values = this.#values.build()
    const series = seriesChart(values, { height: 220, label: 'series', anomalies })
    const score = seriesChart(this.#scores.build(), {
      height: 120,
      label: 'score',
      anomalies,
      line: this.#threshold,
    })
    const numbered = anomalies.map((anomaly, i) => ({ anomaly, number: i + 1 }))
    const described = new Set(
      numbered.toSorted((a, b) => b.anomaly.severity - a.anomaly.severity).slice(0, describedMax),
    )
    const left = numbered.length - described.size
    return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>
<body><h1>${title}</h1>
<p>${points} points from ${momentText(values.fromMs)} to ${momentText(values.toMs)} · ${anomalies.length === 1 ? 'one anomaly' : `${anomalies.length} anomalies`} · judged point by point, without looking ahead</p>
<h2>Series</h2>${series}
<h2>Score</h2><p>−log10 of the probability of what was seen; an anomaly begins at ${this.#threshold} or above.</p>${score}
<h2>Anomalies</h2>
<p>Diagram and barcode show the longest bars of the window at the anomaly's peak: <span style="color:var(--h0)">H0, clusters</span>, and <span style="color:var(--h1)">H1, loops</span> of its delay embedding.</p>
${numbered
  .filter((one) => described.has(one))
  .map(({ anomaly, number }) => sectionOf(anomaly, number))
  .join('\n')}
${left > 0 ? `<p>${left} less severe anomalies are left out here.</p>` : ''}</body></html>
`
  }
}

function sectionOf(anomaly: Anomaly, number: number): string {
  const { kind, severity, score, t0Ms, t1Ms, diagram, features, windowId } = anomaly
  const facts: [string, string][] = [
    ['severity', severity.toFixed(2)],
    ['score', `${score.toFixed(2)} (threshold ${anomaly.threshold})`],
    ['from', momentText(t0Ms)],
    ['to', momentText(t1Ms)],
    ['window', windowId],
    ...Object.entries(features).map(([name, value]): [string, string] => [name, String(value)]),
  ]
  const list = facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
  return `<section><h3>${number} · ${kind}</h3><dl>${list.join('')}</dl>${persistenceDiagram(diagram)}${barcode(diagram)}</section>`
}

/** Times before 1980 count rows of a series without a time column, one second each. */
function momentText(atMs: number): string {
  if (!Number.isFinite(atMs)) return '—'
  return atMs < 315_532_800_000
    ? `row ${atMs / 1_000}`
    : new Date(atMs).toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

function escaped(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  }
  return text.replace(/[&<>"]/g, (mark) => marks[mark] ?? mark)
}
