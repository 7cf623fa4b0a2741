import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makePaint } from './paint.ts'
import { tableLines } from './table.ts'
import { displayWidth } from './width.ts'

const rows = [
  ['node', 'v24.1.0'],
  ['owner', 'nobody owns the file now and nothing listens'],
]

test('columns have one width each, two blanks apart', () => {
  expect(tableLines(rows)).toEqual([
    'node   v24.1.0',
    'owner  nobody owns the file now and nothing listens',
  ])
})

test('a pipe gets whole lines whatever its columns', () => {
  expect(tableLines(rows, { columns: 20 })).toHaveLength(2)
})

test('on a narrow terminal the widest column is wrapped between words', () => {
  expect(tableLines(rows, { isTTY: true, columns: 28 })).toEqual([
    'node   v24.1.0',
    'owner  nobody owns the file',
    '       now and nothing',
    '       listens',
  ])
})

test('where words do not fit beside each other the cells stand below each other', () => {
  expect(tableLines([['an-execution-id', 'waiting-for-it']], { isTTY: true, columns: 20 })).toEqual(
    ['an-execution-id', '  waiting-for-it'],
  )
})

test('a style goes on after a break and is closed before it', () => {
  const { red } = makePaint(true)
  const [first, second] = tableLines([['a', red('one two')]], { isTTY: true, columns: 7 })
  expect(first).toBe('a  \u001B[31mone\u001B[0m')
  expect(second).toBe('   \u001B[31mtwo\u001B[39m')
})

test('no word is ever broken, and no line is too wide unless a word is', () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/)
  const cell = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 14, max: 80 }),
      (table, columns) => {
        const lines = tableLines(table, { isTTY: true, columns })
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
        const words = (text: string): string[] => text.split(/\s+/).filter((part) => part !== '')
        expect(lines.flatMap(words).toSorted()).toEqual(table.flat().flatMap(words).toSorted())
      },
    ),
  )
})
