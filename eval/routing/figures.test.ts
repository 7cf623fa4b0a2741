import { expect, test } from 'vitest'
import { accuracyAtRecall, accuracyOf, aurocOf, calibrationError, percentile } from './figures.ts'

const right = { isRight: true, isRightAgent: true, confidence: 0.9, fit: 0.8 }
const wrong = { isRight: false, isRightAgent: false, confidence: 0.4, fit: 0.6 }

test('accuracy is in percent, and null of nothing', () => {
  expect(accuracyOf([right, right, wrong, right])).toBe(75)
  expect(accuracyOf([])).toBeNull()
})

test('the area under the curve is 1 when all are told apart, 0.5 when none is', () => {
  expect(aurocOf([0.9, 0.8], [0.1, 0.2])).toBe(1)
  expect(aurocOf([0.1, 0.2], [0.8, 0.9])).toBe(0)
  expect(aurocOf([0.5, 0.5], [0.5])).toBe(0.5)
  expect(aurocOf([0.9, 0.3], [0.5, 0.1])).toBe(0.75)
  expect(aurocOf([1], [])).toBeNull()
})

test('what is refused counts as wrong when nine in ten outsiders are to be refused', () => {
  const outside = [...new Array<number>(9).fill(0.7), 0.99]
  expect(accuracyAtRecall([right, { ...right, fit: 0.7 }, wrong], outside)).toBeCloseTo(100 / 3)
  expect(accuracyAtRecall([right], [])).toBeNull()
})

test('confidence that keeps its word has no calibration error', () => {
  const half = { ...right, confidence: 0.5 }
  expect(calibrationError([half, { ...half, isRightAgent: false }])).toBe(0)
  expect(calibrationError([{ ...half, confidence: 0.95, isRightAgent: false }])).toBeCloseTo(0.95)
})

test('a percentile is one of the values', () => {
  expect(percentile([3, 1, 2, 4], 0.5)).toBe(2)
  expect(percentile([3, 1, 2, 4], 0.99)).toBe(4)
  expect(percentile([], 0.5)).toBeNull()
})
