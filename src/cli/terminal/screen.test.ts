import { expect, test } from 'vitest'
import { Screen } from './screen.ts'

/** A terminal that keeps its lines, understands what `Screen` writes, and reflows when it is resized. */
class FakeTerminal {
  columns: number
  rows = 10
  isCursorShown = true
  #lines: string[] = ['']
  #at = 0

  constructor(columns: number) {
    this.columns = columns
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const part of text.match(/\u001B\[[?\d;]*[A-Za-z]|\r|\n|[^\u001B\r\n]+/g) ?? [])
      this.#take(part)
  }

  #take(part: string): void {
    if (part === '\n') {
      this.#at++
      while (this.#lines.length <= this.#at) this.#lines.push('')
    } else if (part === '\u001B[J') this.#lines.length = this.#at + 1
    else if (part.endsWith('A')) {
      this.#at = Math.max(0, this.#at - Number(/\d+/.exec(part)?.[0]))
      this.#lines[this.#at] = ''
      this.#lines.length = this.#at + 1
    } else if (part === '\u001B[?25l') this.isCursorShown = false
    else if (part === '\u001B[?25h') this.isCursorShown = true
    else if (!part.startsWith('\u001B') && part !== '\r') this.#lines[this.#at] += part
  }

  resize(columns: number): void {
    this.columns = columns
    this.#lines = this.#lines.flatMap(
      (line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [''],
    )
    this.#at = this.#lines.length - 1
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
