import { expect, it } from 'vitest'
import { alignedLines, numberText } from './aligned-lines.ts'

it('puts columns under each other, numbers to the right', () => {
  const rows = [
    ['name', 'value', 'unit'],
    ['a', '12', 'ms'],
    ['longer', '3', ''],
  ]
  expect(alignedLines(rows, (column) => column === 1).split('\n')).toEqual([
    'name    value  unit',
    'a          12  ms',
    'longer      3',
  ])
})

it('writes large numbers whole and small ones with two digits', () => {
  expect([12_345.6, -1_000, 999.999, 0.005].map(numberText)).toEqual([
    '12,346',
    '-1,000',
    '1000.00',
    '0.01',
  ])
})
