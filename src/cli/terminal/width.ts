import { stripVTControlCharacters } from 'node:util'

/* oxlint-disable no-control-regex -- this file is about control characters */

/** One escape sequence of the kind that `paint.ts` writes. */
const stylePattern = /\u001B\[\d+(?:;\d+)*m/y

/**
 * Text from outside (agents, documents, errors) made safe for a terminal: escape sequences are dropped,
 * other control characters become `·`, so that no output can move the cursor or forge a line.
 * Line breaks and tabs become blanks.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\t\r\n]+/g, ' ')
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '·')
}

/** As `plainText`, line by line. */
export function plainLines(text: string): string[] {
  return text.split(/\r?\n/).map(plainText)
}

/** Columns that a text takes on a terminal; styles take none, wide characters two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character)
  return width
}

/** The text cut to a number of columns, with `…` at the cut; styles are kept and closed. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let cut = ''
  let width = 0
  let hasStyle = false
  for (let at = 0; at < text.length;) {
    stylePattern.lastIndex = at
    const style = stylePattern.exec(text)?.[0]
    if (style !== undefined) {
      cut += style
      hasStyle = true
      at += style.length
      continue
    }
    const character = String.fromCodePoint(text.codePointAt(at) as number)
    width += characterWidth(character)
    if (width > columns - 1) break
    cut += character
    at += character.length
  }
  if (columns < 1) return ''
  return hasStyle ? `${cut}…\u001B[0m` : `${cut}…`
}

/** The text with blanks after it up to a number of columns. */
export function padToWidth(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\uFE0F]$/u
// East Asian Wide and Fullwidth blocks, and the pictographs that terminals draw two columns wide.
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]$/u

function characterWidth(character: string): number {
  const code = character.codePointAt(0) as number
  if (code < 0x300) return 1
  if (zeroWidth.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
