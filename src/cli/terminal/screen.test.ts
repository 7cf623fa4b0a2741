import { expect, test } from 'vitest'
import { Screen } from './screen.ts'

/** A terminal that keeps its lines, understands what `Screen` writes, and reflows when it is resized. */
class FakeTerminal {
  columns: number
  rows = 10
  isCursorShown = true
  #lines: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns: number) {
    this.columns = columns
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const part of text.match(/\u001B\[[?\d;]*[A-Za-z]|\r|\n|[^\u001B\r\n]+/g) ?? [])
      this.#take(part)
  }

  #take(part: string): void {
    const line = this.#lines[this.#row] as string
    if (part === '\n') {
      this.#row++
      this.#column = 0
      while (this.#lines.length <= this.#row) this.#lines.push('')
    } else if (part === '\r') this.#column = 0
    else if (part === '\u001B[K') this.#lines[this.#row] = line.slice(0, this.#column)
    else if (part === '\u001B[J') {
      this.#lines[this.#row] = line.slice(0, this.#column)
      this.#lines.length = this.#row + 1
    } else if (part.endsWith('A'))
      this.#row = Math.max(0, this.#row - Number(/\d+/.exec(part)?.[0]))
    else if (part === '\u001B[?25l') this.isCursorShown = false
    else if (part === '\u001B[?25h') this.isCursorShown = true
    else if (!part.startsWith('\u001B')) {
      this.#lines[this.#row] =
        line.slice(0, this.#column) + part + line.slice(this.#column + part.length)
      this.#column += part.length
    }
  }

  resize(columns: number): void {
    this.columns = columns
    this.#lines = this.#lines.flatMap(
      (line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [''],
    )
    this.#row = this.#lines.length - 1
    this.#column = 0
  }

  get text(): string {
    return this.#lines.join('\n')
  }
}

test('a new picture replaces the old one', () => {
  const terminal = new FakeTerminal(40)
  const screen = new Screen(terminal)
  screen.draw(['one', 'two', 'three'])
  screen.draw(['four'])
  expect(terminal.text).toBe('four\n')
})

test('a printed line stays above the picture', () => {
  const terminal = new FakeTerminal(40)
  const screen = new Screen(terminal)
  screen.draw(['picture'])
  screen.print('a line')
  screen.draw(['picture 2'])
  expect(terminal.text).toBe('a line\npicture 2\n')
})

test('a printed line that fills the width exactly keeps its last character', () => {
  const terminal = new FakeTerminal(20)
  const screen = new Screen(terminal)
  let written = ''
  terminal.write = (text) => (written += text)
  screen.print('x'.repeat(40))
  expect(written).toBe(`${'x'.repeat(40)}\n\u001B[J`)
})

test('lines are cut so that none wraps', () => {
  const terminal = new FakeTerminal(30)
  new Screen(terminal).draw(['x'.repeat(100)])
  expect(terminal.text).toBe(`${'x'.repeat(28)}…\n`)
})

test('after a narrower resize nothing of the old picture is left', () => {
  const terminal = new FakeTerminal(60)
  const screen = new Screen(terminal)
  screen.print('kept')
  screen.draw(['a'.repeat(59), 'b'.repeat(30), 'c'])
  terminal.resize(25)
  screen.draw(['new'])
  expect(terminal.text).toBe('kept\nnew\n')
})

test('a picture never takes more rows than the terminal has', () => {
  const terminal = new FakeTerminal(40)
  terminal.rows = 6
  const screen = new Screen(terminal)
  screen.draw(Array.from({ length: 50 }, (_, i) => `line ${i}`))
  expect(terminal.text.trimEnd().split('\n')).toHaveLength(5)
})

test('the cursor is hidden while drawing and given back at the end', () => {
  const terminal = new FakeTerminal(40)
  const screen = new Screen(terminal)
  screen.draw(['x'])
  expect(terminal.isCursorShown).toBe(false)
  screen.release()
  expect(terminal.isCursorShown).toBe(true)
})
