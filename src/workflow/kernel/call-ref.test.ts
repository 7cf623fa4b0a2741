import { expect, test } from 'vitest'
import { callLabel, parseCallLabel } from './call-ref.ts'

test('a label names a step, an item or a compensation, and is read back', () => {
  const of = (index: number | null, undo: number | null = null) => ({
    step: 'analyse',
    index,
    undo,
  })
  expect(callLabel(of(null))).toBe('analyse')
  expect(callLabel(of(3))).toBe('analyse[3]')
  expect(callLabel(of(3, 0))).toBe('analyse[3]/compensate')
  for (const ref of [of(null), of(0), of(9_999)])
    expect(parseCallLabel(callLabel(ref))).toEqual(ref)
})

test('what is no label is refused', () => {
  const texts = [
    '',
    'Analyse',
    '1a',
    'a-b',
    'a[',
    'a[]',
    'a[-1]',
    'a[1.5]',
    'a[123456]',
    'a[1]b',
    ' a',
    'a\n',
    'a'.repeat(64),
    'a/1',
  ]
  for (const text of texts) expect([text, parseCallLabel(text)]).toEqual([text, undefined])
})
