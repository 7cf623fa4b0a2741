import { StreamDetector } from '../../tda/index.ts'
import type { Anomaly, SeriesPoint } from '../../tda/index.ts'

/** A point of one of the columns that are watched; null for a source with only one. */
export interface WatchedPoint extends SeriesPoint {
  readonly column: string | null
}

/** What is told of an anomaly: that it began, as far as it is known, or all of it once it is over. */
export interface Told {
  readonly event: 'opened' | 'closed'
  readonly anomaly: Anomaly
}

/** Points and anomalies of a column that are kept for its picture. */
const keptPoints = 2_000
const keptAnomalies = 9

interface Column {
  readonly detector: StreamDetector
  points: SeriesPoint[]
  anomalies: Anomaly[]
}

/** Judges the points of a source as they arrive, each column by a detector of its own; memory is bounded. */
export class Watched {
  readonly #source: string
  readonly #columns = new Map<string | null, Column>()
  #points = 0

  constructor(source: string) {
    this.#source = source
  }

  get columns(): readonly (string | null)[] {
    return [...this.#columns.keys()]
  }

  /** Points taken so far, of all columns. */
  get points(): number {
    return this.#points
  }

  /** The last points of a column, and the anomalies that touch them. */
  recent(name: string | null): Pick<Column, 'points' | 'anomalies'> {
    const { points, anomalies } = this.#columnOf(name)
    const fromMs = points[0]?.t ?? 0
    return { points, anomalies: anomalies.filter(({ t1Ms }) => t1Ms >= fromMs) }
  }

  take({ column: name, t, v }: WatchedPoint): Told[] {
    this.#points++
    const column = this.#columnOf(name)
    column.points.push({ t, v })
    if (column.points.length > 2 * keptPoints) column.points = column.points.slice(-keptPoints)
    const { opened, closed } = column.detector.push({ t, v })
    const told: Told[] = []
    if (closed !== null) told.push(this.#keep(column, { event: 'closed', anomaly: closed }))
    if (opened !== null) told.push(this.#keep(column, { event: 'opened', anomaly: opened }))
    return told
  }

  /** Closes what is still open. */
  finish(): Told[] {
    return [...this.#columns.values()].flatMap((column) => {
      const anomaly = column.detector.finish()
      return anomaly === null ? [] : [this.#keep(column, { event: 'closed', anomaly })]
    })
  }

  #columnOf(name: string | null): Column {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const detector = new StreamDetector({ source: this.#source, column: name })
    const column: Column = { detector, points: [], anomalies: [] }
    this.#columns.set(name, column)
    return column
  }

  /** What is known later of an anomaly takes the place of what was known before. */
  #keep(column: Column, told: Told): Told {
    const others = column.anomalies.filter(({ windowId }) => windowId !== told.anomaly.windowId)
    column.anomalies = [...others, told.anomaly].slice(-keptAnomalies)
    return told
  }
}
