import { expect, test } from 'vitest'
import { clearTexts, labelOf, unclearTexts } from './label-rule.ts'

test('only the label of an unclear text depends on the moment', () => {
  const unclear = { text: 'the shop is slow', agent: null }
  expect([true, false].map((isAnomalous) => labelOf(unclear, isAnomalous))).toEqual([
    'incident',
    'support',
  ])
  const clear = { text: 'send the invoice', agent: 'billing' }
  expect([true, false].map((isAnomalous) => labelOf(clear, isAnomalous))).toEqual([
    'billing',
    'billing',
  ])
})

test('no text is both for training and for testing', () => {
  const tested = new Set(unclearTexts(true).map(({ text }) => text))
  expect(tested.size).toBeGreaterThan(20)
  expect(unclearTexts(false).filter(({ text }) => tested.has(text))).toEqual([])
})

test('clear texts come from three domains in turn', () => {
  const part = ['a', 'b', 'c', 'd'].flatMap((agent) =>
    [1, 2].map((n) => ({ text: `${agent}${n}`, label: agent, agent })),
  )
  expect(clearTexts(part, 6).map(({ agent }) => agent)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})
