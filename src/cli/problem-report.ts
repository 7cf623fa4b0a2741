import { readFileSync } from 'node:fs'
import type { JsonObject } from '../core/json.ts'
import type { Paint } from './terminal/paint.ts'
import { cutToWidth, plainText } from './terminal/width.ts'

/** Columns of source text shown around a problem. */
const frameColumns = 100

/**
 * One problem of a document for a person: `file:line:column: message`, the line it is about with a mark
 * under the place, what was found and expected, and the hint.
 */
export function problemBlock(problem: JsonObject, paint: Paint): string {
  const file = textOf(problem.file)
  const line = typeof problem.line === 'number' ? problem.line : null
  const column = typeof problem.column === 'number' ? problem.column : null
  const path = textOf(problem.path)
  const place = [file, line, column].filter((part) => part !== null).join(':')
  const isWarning = problem.level === 'warning'
  const level = isWarning ? paint.yellow('warning: ') : ''
  const head = place === '' ? '' : `${paint.bold(plainText(place))}: `
  const where = path === null || path === '' ? '' : paint.dim(` (${plainText(path)})`)
  const lines = [`${head}${level}${plainText(textOf(problem.message) ?? '')}${where}`]
  if (file !== null && line !== null) lines.push(...codeFrame(file, { line, column }, paint))
  const found = textOf(problem.found)
  const expected = textOf(problem.expected)
  if (found !== null || expected !== null) {
    const parts = [
      found === null ? null : `found ${found}`,
      expected === null ? null : `expected ${expected}`,
    ]
    lines.push(`    ${plainText(parts.filter((part) => part !== null).join(', '))}`)
  }
  const hint = textOf(problem.hint)
  if (hint !== null) lines.push(`    ${paint.cyan('hint:')} ${plainText(hint)}`)
  return lines.join('\n')
}

function codeFrame(
  file: string,
  at: { line: number; column: number | null },
  paint: Paint,
): string[] {
  const source = sourceLines(file)
  const text = source?.[at.line - 1]
  if (text === undefined) return []
  const number = String(at.line).padStart(4)
  const column = at.column ?? 1
  const from = Math.max(0, column - 1 - frameColumns * 0.7)
  const shown = cutToWidth(plainText(text.slice(from)), frameColumns)
  const lines = [`${paint.dim(`${number} |`)} ${shown}`]
  if (at.column !== null)
    lines.push(`${paint.dim('     |')} ${' '.repeat(column - 1 - from)}${paint.red('^')}`)
  return lines
}

let last: { readonly file: string; readonly lines: readonly string[] } | undefined

function sourceLines(file: string): readonly string[] | null {
  if (last?.file === file) return last.lines
  try {
    last = { file, lines: readFileSync(file, 'utf8').split(/\r?\n/) }
    return last.lines
  } catch {
    return null // the message stands without its line
  }
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
