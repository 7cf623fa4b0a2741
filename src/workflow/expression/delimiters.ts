import { OrchestrationError } from '../../core/errors.ts'

/** Expression text without its `${ }`, and how far its first character stands from the source's. */
export interface Stripped {
  readonly text: string
  readonly shift: number
}

/**
 * Takes off one optional pair of `${ … }` around a whole expression, with white space around it allowed.
 *
 * @throws ExpressionError when `${` is not closed, or something follows its `}`
 */
export function stripDelimiters(source: string): Stripped {
  const start = source.length - source.trimStart().length
  if (!source.startsWith('${', start)) return { text: source, shift: 0 }
  const end = closingBrace(source, start + 2)
  if (end === -1) throw unclosed(start)
  const rest = source.slice(end + 1)
  if (rest.trim() !== '') {
    const offset = end + 1 + (rest.length - rest.trimStart().length)
    throw new OrchestrationError(
      'ExpressionError',
      'text follows the `}` that ends the expression',
      {
        hint: 'here the whole value is one expression: write it without `${ }`',
        details: { offset },
      },
    )
  }
  return { text: source.slice(start + 2, end), shift: start + 2 }
}

/** A run of plain text, or an expression with the offset of its first character. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly text: string; readonly offset: number }

/**
 * Cuts a string at its `${ … }`. `$${` gives the literal text `${`.
 *
 * @throws ExpressionError when a `${` is not closed
 */
export function splitTemplate(source: string): readonly Part[] {
  const parts: Part[] = []
  let text = ''
  let position = 0
  while (position < source.length) {
    const dollar = source.indexOf('$', position)
    if (dollar === -1) break
    text += source.slice(position, dollar)
    if (source.startsWith('$${', dollar)) {
      text += '${'
      position = dollar + 3
    } else if (source.startsWith('${', dollar)) {
      const end = closingBrace(source, dollar + 2)
      if (end === -1) throw unclosed(dollar)
      if (text !== '') parts.push({ kind: 'text', text })
      text = ''
      parts.push({ kind: 'expression', text: source.slice(dollar + 2, end), offset: dollar + 2 })
      position = end + 1
    } else {
      text += '$'
      position = dollar + 1
    }
  }
  text += source.slice(position)
  if (text !== '') parts.push({ kind: 'text', text })
  return parts
}

/**
 * The index of the `}` that closes an expression, or -1. Braces of maps are counted; braces inside of
 * strings (single, triple and raw) and of comments are not.
 */
function closingBrace(source: string, start: number): number {
  let depth = 0
  let position = start
  while (position < source.length) {
    const character = source[position]
    if (character === '"' || character === "'") {
      position = afterString(source, position)
    } else if (character === '/' && source[position + 1] === '/') {
      const lineEnd = source.indexOf('\n', position)
      position = lineEnd === -1 ? source.length : lineEnd
    } else {
      if (character === '{') depth++
      if (character === '}' && depth-- === 0) return position
      position++
    }
  }
  return -1
}

/** The index after a string literal. The lexer lets a backslash guard the next character in raw strings too. */
function afterString(source: string, start: number): number {
  const quote = source[start] as string
  const delimiter = source.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote
  let position = start + delimiter.length
  while (position < source.length && !source.startsWith(delimiter, position)) {
    position += source[position] === '\\' ? 2 : 1
  }
  return position + delimiter.length
}

function unclosed(offset: number): OrchestrationError {
  return new OrchestrationError('ExpressionError', '`${` is not closed by a `}`', {
    hint: 'close it, or write `$${` for a literal `${`; a quote or `//` inside may hide the `}`',
    details: { offset },
  })
}
