import { expect, test } from 'vitest'
import { durationText } from './duration-text.ts'
import { valueLines } from './value-lines.ts'

test('a value that fits is one line', () => {
  expect(valueLines({ booked: true, entry: { key: 'a/1', amount: 120 } }, 60)).toEqual([
    '{ booked: true, entry: { key: a/1, amount: 120 } }',
  ])
})

test('a value that does not fit has a line for each key and item', () => {
  expect(valueLines({ list: ['first of two', 'second of two'], n: null }, 24)).toEqual([
    'list:',
    '  - first of two',
    '  - second of two',
    'n: null',
  ])
})

test('a text that would read as something else keeps its quotes', () => {
  expect(valueLines(['true', '12', ' x', 'plain', ''], 80)).toEqual([
    '["true", "12", " x", plain, ""]',
  ])
})

test('texts cannot bring control characters along', () => {
  expect(valueLines('a\u001B[31mb', 80).join('')).not.toContain('\u001B')
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [999.7, '1.0 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [185_000, '3 min 5 s'],
  [3_600_000, '1 h'],
  [90_000_000, '1 d 1 h'],
])('%d ms reads %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
