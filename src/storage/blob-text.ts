import { hash } from 'node:crypto'

/** A JSON text whose large values were taken out. */
export interface SplitText {
  /** What is stored with codec 1. */
  readonly text: string
  /** Hash and JSON text of every value that was taken out, each once. */
  readonly values: ReadonlyMap<string, string>
}

/** A value's place: the offsets of its first character and of the one after its last. */
interface Span {
  readonly from: number
  readonly to: number
}

/** SHA-256 of a value's text as 64 hexadecimal digits: its name in `blobs`. */
export function blobHash(text: string): string {
  return hash('sha256', text, 'hex')
}

/**
 * Takes the smallest values above `bytesMin` out of a JSON text, so that the same value inside different
 * wrappers is stored once. The text of codec 1 is `[[offset,…],rest]`: `rest` is the given text with the
 * quoted hash in the place of each value, and the offsets, in UTF-16 code units of `rest`, say where.
 * Offsets rather than paths of keys: the text is then put together again character by character, without
 * being parsed.
 *
 * @param isWanted by its hash, whether a value is taken out; default all
 * @returns null when no value inside the text is taken out, or it is no JSON
 */
export function splitBlobs(
  text: string,
  bytesMin: number,
  isWanted: (name: string) => boolean = () => true,
): SplitText | null {
  // A code unit takes at most three bytes.
  if (text.length * 3 <= bytesMin) return null
  const bytes = Buffer.byteLength(text)
  if (bytes <= bytesMin) return null
  const isAscii = bytes === text.length
  const spans = smallestParts(text, ({ from, to }) => {
    if (isAscii || (to - from) * 3 <= bytesMin) return to - from > bytesMin
    return Buffer.byteLength(text.slice(from, to)) > bytesMin
  })
  const values = new Map<string, string>()
  const offsets: number[] = []
  let rest = ''
  let done = 0
  for (const { from, to } of spans) {
    const value = text.slice(from, to)
    const name = blobHash(value)
    if (!isWanted(name)) continue
    values.set(name, value)
    rest += text.slice(done, from)
    offsets.push(rest.length)
    rest += `"${name}"`
    done = to
  }
  if (values.size === 0) return null
  return { text: `[[${offsets.join(',')}],${rest}${text.slice(done)}]`, values }
}

/**
 * The text that was split.
 *
 * @param valueOf the text of a value by its hash
 */
export function joinBlobs(stored: string, valueOf: (name: string) => string): string {
  const end = stored.indexOf(']') + 1
  const offsets = JSON.parse(stored.slice(1, end)) as readonly number[]
  const rest = stored.slice(end + 1, -1)
  let text = ''
  let done = 0
  for (const offset of offsets) {
    const to = offset + quotedHashLength
    text += rest.slice(done, offset) + valueOf(rest.slice(offset + 1, to - 1))
    done = to
  }
  return text + rest.slice(done)
}

const quotedHashLength = 66
const quote = 0x22
const backslash = 0x5c
const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d

/** The large strings, lists and objects that contain no large one, in order; never the whole text. */
function smallestParts(text: string, isLarge: (span: Span) => boolean): readonly Span[] {
  const spans: Span[] = []
  /** Where each container that is still open begins, and how many spans lay before it. */
  const begins: number[] = []
  const before: number[] = []
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isOpening(code)) {
      begins.push(at)
      before.push(spans.length)
    } else if (code === quote) {
      const span = { from: at, to: endOfString(text, at) }
      if (span.to === 0) return []
      if (begins.length > 0 && isLarge(span)) spans.push(span)
      at = span.to - 1
    } else if (isClosing(code)) {
      const from = begins.pop()
      if (from === undefined) return []
      const isSmallest = before.pop() === spans.length
      const span = { from, to: at + 1 }
      if (isSmallest && begins.length > 0 && isLarge(span)) spans.push(span)
    }
  }
  return begins.length === 0 ? spans : []
}

/** The offset after the closing quote; 0 when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from; ;) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return 0
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return at + 1
  }
}
