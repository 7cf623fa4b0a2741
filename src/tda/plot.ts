import type { Anomaly } from './anomaly.ts'
import type { SeriesPoint } from './series.ts'

export interface PlotOptions {
  /** Characters per line, at least 24. Default 80. */
  readonly width?: number
  /** Lines in all, at least 5. Default 14. */
  readonly height?: number
  /** Whether anomalies are also red. Default false. */
  readonly color?: boolean
}

const gutter = 10
const red = '\u001b[31m'
const plain = '\u001b[39m'
/** Bits of the eight dots of a braille character, by row and side. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/**
 * Draws a series for a terminal: braille dots (each of two by four per character), a scale on the left, below
 * it a line that marks and numbers each anomaly's stretch, then the times. Anomalies are told by that line
 * alone, so colour is never needed. The answer is `height` lines of at most `width` characters.
 */
export function plotSeries(
  points: readonly SeriesPoint[],
  anomalies: readonly Pick<Anomaly, 't0Ms' | 't1Ms'>[],
  options: PlotOptions = {},
): string[] {
  const width = Math.max(24, Math.floor(options.width ?? 80))
  const height = Math.max(5, Math.floor(options.height ?? 14))
  const columns = width - gutter
  const rows = height - 2
  const first = points[0]
  if (first === undefined) return ['no points', ...Array.from({ length: height - 1 }, () => '')]

  let [fromMs, toMs] = [Infinity, -Infinity]
  let [low, high] = [Infinity, -Infinity]
  for (const { t, v } of points) {
    fromMs = Math.min(fromMs, t)
    toMs = Math.max(toMs, t)
    low = Math.min(low, v)
    high = Math.max(high, v)
  }
  const place = (t: number, cells: number): number =>
    toMs === fromMs
      ? 0
      : Math.min(cells - 1, Math.max(0, Math.floor(((t - fromMs) / (toMs - fromMs)) * cells)))
  const cells = drawDots(points, { columns, rows, low, high, place: (t) => place(t, columns * 2) })
  const marks = markLine(
    anomalies.map(({ t0Ms, t1Ms }) => [place(t0Ms, columns), place(t1Ms, columns)]),
    columns,
  )

  const paint = (text: string, column: number): string =>
    options.color === true && marks[column] !== ' ' ? `${red}${text}${plain}` : text
  const label = (row: number): string => {
    if (row === 0) return axisNumber(high)
    if (row === rows - 1) return axisNumber(low)
    return row === Math.floor((rows - 1) / 2)
      ? axisNumber(low + ((high - low) * (rows - 1 - row)) / (rows - 1))
      : ''
  }
  const lines = cells.map((line, row) => {
    const chart = [...line]
      .map((cell, i) => paint(cell === 0 ? ' ' : String.fromCodePoint(0x2800 + cell), i))
      .join('')
    return `${label(row).padStart(gutter - 2)} ┤${chart}`
  })
  const marked = marks.map((mark, i) => paint(mark, i)).join('')
  return [...lines, `${''.padStart(gutter)}${marked}`, timeLine([fromMs, toMs], columns)]
}

interface Frame {
  readonly columns: number
  readonly rows: number
  readonly low: number
  readonly high: number
  /** The dot column of a time. */
  readonly place: (t: number) => number
}

function drawDots(points: readonly SeriesPoint[], frame: Frame): Uint8Array[] {
  const { columns, rows, low, high } = frame
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns))
  const level = (v: number): number =>
    high === low ? rows * 2 : Math.round(((high - v) / (high - low)) * (rows * 4 - 1))
  // Each dot column shows the span of all its points, so that no spike is thinned out.
  const tops = new Float64Array(columns * 2).fill(Infinity)
  const bottoms = new Float64Array(columns * 2).fill(-Infinity)
  for (const { t, v } of points) {
    const at = frame.place(t)
    tops[at] = Math.min(tops[at] as number, level(v))
    bottoms[at] = Math.max(bottoms[at] as number, level(v))
  }
  for (let at = 0; at < columns * 2; at++) {
    for (let y = tops[at] as number; y <= (bottoms[at] as number); y++) {
      const line = cells[Math.floor(y / 4)]
      const bits = dots[y % 4]?.[at % 2] ?? 0
      if (line !== undefined) line[Math.floor(at / 2)] = (line[Math.floor(at / 2)] as number) | bits
    }
  }
  return cells
}

/** `▔▔▔` under each anomaly with its number in front: `1▔▔   2▔`. */
function markLine(spans: readonly (readonly [number, number])[], columns: number): string[] {
  const marks = Array.from({ length: columns }, () => ' ')
  for (const [start, end] of spans) for (let i = start; i <= end; i++) marks[i] = '▔'
  for (const [number, [start]] of spans.entries()) {
    const digits = String(number + 1)
    for (let i = 0; i < digits.length && start + i < columns; i++) {
      marks[start + i] = digits.charAt(i)
    }
  }
  return marks
}

function axisNumber(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(1)
  return String(Number(value.toPrecision(4)))
}

/** Times before 1980 are row numbers in disguise. */
function timeText(t: number): string {
  if (t < 315_532_800_000) return `${t / 1_000} s`
  return new Date(t).toISOString().slice(0, 19).replace('T', ' ')
}

function timeLine(span: readonly [number, number], columns: number): string {
  const from = timeText(span[0])
  const to = timeText(span[1])
  const gap = columns - from.length - to.length
  return `${''.padStart(gutter)}${gap >= 1 ? from + ''.padStart(gap) + to : from.slice(0, columns)}`
}
