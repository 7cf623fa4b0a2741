import { displayWidth } from './width.ts'

/* oxlint-disable no-control-regex -- styles are control characters */
const stylePattern = /\u001B\[\d+(?:;\d+)*m/g
const reset = '\u001B[0m'

/**
 * The text on lines of at most that many columns, broken between words only; a word that is wider has a
 * line of its own. Styles that are open at a break go on after it.
 */
export function wrapWords(text: string, columns: number): string[] {
  if (displayWidth(text) <= columns) return [text]
  const lines: string[] = []
  let line = ''
  let open = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (displayWidth(longer) <= columns || displayWidth(line) === 0) {
      line = longer
      continue
    }
    open = openStyles(open + line)
    lines.push(open === '' ? line.trimEnd() : `${line.trimEnd()}${reset}`)
    line = open + word
  }
  return [...lines, line]
}

/** The styles that a text leaves open; every style that `paint.ts` ends with is a code of its own. */
function openStyles(text: string): string {
  let open: { readonly code: number; readonly style: string }[] = []
  for (const [style] of text.matchAll(stylePattern)) {
    const code = Number(style.slice(2, -1))
    if (code === 0) open = []
    else if (code === 22) open = open.filter((one) => one.code > 2)
    else if (code === 39) open = open.filter((one) => one.code < 30)
    else open.push({ code, style })
  }
  return open.map(({ style }) => style).join('')
}
