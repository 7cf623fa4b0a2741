import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makePaint } from './paint.ts'
import { cutToWidth, displayWidth, padToWidth, plainText } from './width.ts'

test('styles take no column, wide characters two, combining marks none', () => {
  expect(displayWidth(makePaint(true).red('abc'))).toBe(3)
  expect(displayWidth('日本')).toBe(4)
  expect(displayWidth('e\u0301')).toBe(1)
  expect(displayWidth('✔ ok')).toBe(4)
})

test('a text that fits is left alone, a longer one ends with an ellipsis', () => {
  expect(cutToWidth('abcdef', 6)).toBe('abcdef')
  expect(cutToWidth('abcdefg', 6)).toBe('abcde…')
  expect(cutToWidth('日本語', 4)).toBe('日…')
  expect(cutToWidth('abc', 0)).toBe('')
})

test('a cut inside a painted text ends the paint', () => {
  const cut = cutToWidth(makePaint(true).red('abcdef'), 4)
  expect(cut).toBe('\u001B[31mabc…\u001B[0m')
})

test('cut and padded texts never take more columns than asked, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(30), (raw, columns) => {
      const text = plainText(raw)
      expect(displayWidth(cutToWidth(text, columns))).toBeLessThanOrEqual(columns)
      expect(displayWidth(padToWidth(text, columns))).toBe(Math.max(columns, displayWidth(text)))
    }),
  )
})

test('text from outside cannot move the cursor, forge a line or turn its direction', () => {
  expect(plainText('a\u001B[2Jb\nc\rd\u0007e\u202Ef')).toBe('ab c d·e·f')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      // oxlint-disable-next-line no-control-regex
      expect(plainText(text)).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/)
    }),
  )
})
