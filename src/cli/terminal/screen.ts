import { cutToWidth, displayWidth } from './width.ts'

/** The part of a terminal stream that a live picture needs. */
export interface TerminalStream {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

const hideCursor = '\u001B[?25l'
const showCursor = '\u001B[?25h'
// Synchronised update: a terminal that knows it shows each frame at once, others ignore it.
const beginFrame = '\u001B[?2026h'
const endFrame = '\u001B[?2026l'
const eraseRight = '\u001B[K'
const eraseBelow = '\u001B[J'

/**
 * Keeps a block of lines at the bottom of a terminal up to date, with other output scrolling above it.
 * Every line is cut to the terminal's width; after a resize the block is erased by the rows that it
 * takes now, so nothing of it stays behind.
 */
export class Screen {
  readonly #stream: TerminalStream
  #drawn: readonly string[] = []
  #isHidden = false

  constructor(stream: TerminalStream) {
    this.#stream = stream
  }

  get columns(): number {
    return Math.max(20, this.#stream.columns ?? 80)
  }

  /** Rows that a block may take: one fewer than the terminal has. */
  get rows(): number {
    return Math.max(3, (this.#stream.rows ?? 24) - 1)
  }

  /** Replaces the block. Too many lines are cut at the end. */
  draw(lines: readonly string[]): void {
    const fitting = lines.slice(0, this.rows).map((line) => cutToWidth(line, this.columns - 1))
    const cursor = this.#isHidden ? '' : hideCursor
    this.#isHidden = true
    const text = fitting.map((line) => `${line}${eraseRight}\n`).join('')
    this.#stream.write(`${beginFrame}${cursor}${this.#toTop()}${text}${eraseBelow}${endFrame}`)
    this.#drawn = fitting
  }

  /** Writes a text above the block, which must be drawn again afterwards. */
  print(text: string): void {
    const lines = text.replace(/\n$/, '').split('\n')
    const written = lines.map((line) => `${line}${this.#fillsRow(line) ? '' : eraseRight}\n`)
    this.#stream.write(`${this.#toTop()}${written.join('')}${eraseBelow}`)
    this.#drawn = []
  }

  /** Leaves the last block standing and gives the cursor back. */
  release(): void {
    if (this.#isHidden) this.#stream.write(showCursor)
    this.#isHidden = false
    this.#drawn = []
  }

  /** After a full row the cursor still stands on its last character, which would be erased. */
  #fillsRow(line: string): boolean {
    const width = displayWidth(line)
    return width > 0 && width % (this.#stream.columns ?? 80) === 0
  }

  /**
   * Back to the block's first row; what is there is overwritten, not erased, because some terminals keep
   * an erased screen in their history. Terminals reflow lines that are wider than a new width: each
   * then takes several rows.
   */
  #toTop(): string {
    const columns = Math.max(1, this.#stream.columns ?? 80)
    let rows = 0
    for (const line of this.#drawn) rows += Math.max(1, Math.ceil(displayWidth(line) / columns))
    const height = Math.max(1, this.#stream.rows ?? 24)
    rows = Math.min(rows, height - 1)
    return rows === 0 ? '' : `\r\u001B[${rows}A`
  }
}
