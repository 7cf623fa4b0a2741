import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { SeriesPoint } from '../../src/tda/index.ts'
import type { LabelWindow } from './nab-scorer.ts'

/** A series of the benchmark with its labelled windows. */
export interface NabSeries {
  /** `folder/file.csv`. */
  readonly name: string
  readonly points: readonly SeriesPoint[]
  readonly windows: readonly LabelWindow[]
}

/** A series as the benchmark's list of windows names it. */
export interface NabEntry {
  readonly name: string
  readonly spans: readonly (readonly [from: string, to: string])[]
}

const windowsSchema = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])))

/**
 * The series that `combined_windows.json` of a folder names and that are there, in order of their names.
 *
 * @throws Error when there is no such file, or none of its series is there.
 */
export function readEntries(folder: string): readonly NabEntry[] {
  const text = readFileSync(join(folder, 'combined_windows.json'), 'utf8')
  const entries = Object.entries(windowsSchema.parse(JSON.parse(text)))
    .map(([name, spans]) => ({ name, spans }))
    .filter(({ name }) => existsSync(join(folder, name)))
  if (entries.length === 0)
    throw new Error(`${folder} has none of the series that its combined_windows.json names`)
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * Reads one series: a header, then rows of a timestamp and a value. Every row counts, also where a clock was put
 * back: the benchmark scores by rows.
 *
 * @throws Error with file and line when a row is none, and when a label is at no row.
 */
export function readNabSeries(folder: string, { name, spans }: NabEntry): NabSeries {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split(/\r?\n/).slice(1)
  const points = lines.map((line, i) => {
    const [time = '', value = ''] = line.split(',')
    const point = { t: momentOf(time), v: value.trim() === '' ? NaN : Number(value) }
    if (Number.isFinite(point.t) && Number.isFinite(point.v)) return point
    throw new Error(`${name}:${i + 2}: '${line.slice(0, 60)}' is no timestamp and value`)
  })
  const rowAt = (text: string): number => {
    const row = points.findIndex(({ t }) => t === momentOf(text))
    if (row === -1) throw new Error(`${name} has no row at ${text}, where a window begins or ends`)
    return row
  }
  return {
    name,
    points,
    windows: spans.map(([from, to]) => ({ from: rowAt(from), to: rowAt(to) })),
  }
}

const momentOf = (text: string): number => Date.parse(`${text.trim().replace(' ', 'T')}Z`)
