import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readSeries } from '../../src/tda/index.ts'
import type { SeriesPoint } from '../../src/tda/index.ts'
import type { LabelWindow } from './nab-scorer.ts'

/** A series of the benchmark with its labelled windows. */
export interface NabSeries {
  /** `folder/file.csv`. */
  readonly name: string
  readonly points: readonly SeriesPoint[]
  readonly windows: readonly LabelWindow[]
}

const windowsSchema = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])))

/** A series as the benchmark's list of windows names it. */
export interface NabEntry {
  readonly name: string
  readonly spans: readonly (readonly [from: string, to: string])[]
}

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
 * Reads one series.
 *
 * @throws SeriesError when the file is no series; Error when a label is at no row of it.
 */
export async function readNabSeries(folder: string, { name, spans }: NabEntry): Promise<NabSeries> {
  const { points } = await readSeries(join(folder, name))
  const rowAt = (text: string): number => {
    const atMs = Date.parse(`${text.trim().replace(' ', 'T')}Z`)
    const row = points.findIndex(({ t }) => t === atMs)
    if (row === -1) throw new Error(`${name} has no row at ${text}, where a window begins or ends`)
    return row
  }
  return {
    name,
    points,
    windows: spans.map(([from, to]) => ({ from: rowAt(from), to: rowAt(to) })),
  }
}
