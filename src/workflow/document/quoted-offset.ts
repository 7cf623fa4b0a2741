const escapeLengths: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 }

/**
 * Where the character `offset` of a quoted YAML scalar's value stands in its source, quotes counted.
 * Null when the source is not quoted or ends before.
 */
export function quotedOffset(source: string, offset: number): number | null {
  const quote = source[0]
  if (quote !== '"' && quote !== "'") return null
  let position = 1
  for (let produced = 0; produced < offset;) {
    if (position >= source.length) return null
    const taken = quote === '"' ? doubleUnit(source, position) : singleUnit(source, position)
    position += taken.length
    produced += taken.produced
  }
  return position < source.length ? position : source.length - 1
}

interface Unit {
  /** Characters of source. */
  readonly length: number
  /** UTF-16 units of value. */
  readonly produced: number
}

function singleUnit(source: string, position: number): Unit {
  return { length: source.startsWith("''", position) ? 2 : 1, produced: 1 }
}

function doubleUnit(source: string, position: number): Unit {
  if (source[position] !== '\\') return { length: 1, produced: 1 }
  const kind = source[position + 1] ?? ''
  const length = escapeLengths[kind] ?? 2
  const isWide =
    kind === 'U' && Number.parseInt(source.slice(position + 2, position + 10), 16) > 0xffff
  return { length, produced: isWide ? 2 : 1 }
}
