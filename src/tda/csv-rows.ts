import { createReadStream } from 'node:fs'
import { messageOf, OrchestrationError } from '../core/errors.ts'

/** Longest line of a CSV file, in characters. */
const lineCharactersMax = 1_000_000

/** One line of a CSV file, cut into cells; `line` counts from 1. */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/** A `SeriesError` that names file and line. */
export function seriesError(place: string, what: string, hint?: string): OrchestrationError {
  return new OrchestrationError(
    'SeriesError',
    `${place}: ${what}`,
    hint === undefined ? {} : { hint },
  )
}

/**
 * The rows of a CSV file, or of `text` in its place, one by one, in bounded memory. Blank lines are left out; the delimiter (comma, semicolon
 * or tab) is the one found most often in the first line; cells may be quoted.
 *
 * @throws SeriesError when the file cannot be read, is binary, or has an endless line.
 */
export async function* readCsvRows(
  path: string,
  text: AsyncIterable<string> = createReadStream(path, { encoding: 'utf8' }),
): AsyncGenerator<CsvRow> {
  let delimiter: string | null = null
  let line = 0
  for await (const content of readLines(path, text)) {
    line++
    if (content.trim() === '') continue
    delimiter ??= delimiterOf(content)
    yield { line, cells: splitCells(content, delimiter) }
  }
}

async function* readLines(path: string, chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let isFirst = true
  try {
    for await (const chunk of chunks) {
      if (chunk.includes('\u0000'))
        throw seriesError(path, 'is a binary file', 'give a CSV file of text')
      rest += isFirst && chunk.startsWith('\uFEFF') ? chunk.slice(1) : chunk
      isFirst = false
      const lines = rest.split(/\r?\n/)
      rest = lines.pop() ?? ''
      if (rest.length > lineCharactersMax) {
        throw seriesError(
          path,
          `has a line of over ${lineCharactersMax} characters`,
          'give a CSV file',
        )
      }
      yield* lines
    }
  } catch (error) {
    if (error instanceof OrchestrationError) throw error
    throw seriesError(
      path,
      `cannot be read (${messageOf(error)})`,
      'give the path of a readable CSV file',
    )
  }
  if (rest !== '') yield rest
}

function delimiterOf(text: string): string {
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: text.split(mark).length }))
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).mark
}

function splitCells(text: string, delimiter: string): string[] {
  if (!text.includes('"')) return text.split(delimiter).map((cell) => cell.trim())
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let i = 0; i < text.length; i++) {
    const mark = text[i] as string
    if (mark === '"' && isQuoted && text[i + 1] === '"') {
      cell += '"'
      i++
    } else if (mark === '"') isQuoted = !isQuoted
    else if (mark === delimiter && !isQuoted) {
      cells.push(cell.trim())
      cell = ''
    } else cell += mark
  }
  return [...cells, cell.trim()]
}
