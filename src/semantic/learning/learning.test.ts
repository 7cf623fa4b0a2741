import { expect, test } from 'vitest'
import { seededRandom } from '../../core/random.ts'
import { hashedEmbedding } from '../embedders/hashed-embedder.ts'
import { fitLogistic, judge } from './logistic.ts'
import { complementBayes } from './naive-bayes.ts'
import { type LinearModel, type Row, scoreInto } from './row.ts'
import { softmax, trainSoftmax } from './softmax.ts'
import { reservedColumns, TfIdf } from './tf-idf.ts'

const row = (...columns: readonly number[]): Row => ({
  columns: Int32Array.from(columns),
  values: new Float32Array(columns.length).fill(1),
})
/** Class 0 has columns 0 to 4, class 1 has 3 to 8: two are shared. */
const examples = {
  rows: [row(0, 1, 2, 3, 4), row(0, 2, 4), row(3, 4, 5, 6, 7), row(5, 7, 8)],
  labels: Int32Array.of(0, 0, 1, 1),
  classes: 2,
  columns: 9,
}

function scores(model: LinearModel, given: Row): readonly number[] {
  const filled = new Float64Array(model.classes)
  scoreInto(filled, model, given)
  return [...filled]
}

test('adding four columns at a time gives what adding one at a time gives', () => {
  const random = seededRandom(1)
  const matrix = Float32Array.from({ length: 27 }, () => random())
  const model = { classes: 3, matrix, bias: Float32Array.of(1, 2, 3) }
  const given = row(0, 2, 3, 5, 7, 8)
  const plain = [0, 1, 2].map((k) =>
    [...given.columns].reduce((sum, column) => sum + matrix[column * 3 + k]!, k + 1),
  )
  for (const [k, score] of scores(model, given).entries()) expect(score).toBeCloseTo(plain[k]!, 5)
})

test.each([
  ['regression', trainSoftmax(examples, { passes: 5, rate: 0.5, random: seededRandom(1) })],
  ['naive Bayes', complementBayes(examples)],
])('%s tells classes apart by what they do not share', (_, model) => {
  const [first, second] = scores(model, row(0, 1))
  expect(first).toBeGreaterThan(second!)
  const [other, own] = scores(model, row(7, 8))
  expect(own).toBeGreaterThan(other!)
})

test('probabilities sum to 1 also for scores that overflow an exponential', () => {
  const values = [...softmax(Float64Array.of(1e4, 1e4 - 1, -1e4))]
  expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
  expect(values[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6)
})

test('a rare gram weighs more than a common one, and an unseen one only shortens the row', () => {
  const texts = ['pay the bill', 'pay the rent', 'pay the tax']
  const tfIdf = TfIdf.fit(
    texts.map((text) => hashedEmbedding(text)),
    'balanced',
  )
  expect(tfIdf.count).toBeGreaterThan(reservedColumns)
  const length = (text: string) => Math.hypot(...tfIdf.row(hashedEmbedding(text)).values)
  expect(length('pay the rent')).toBeCloseTo(1, 5)
  expect(length('pay the zeppelin')).toBeLessThan(0.95)
  expect(length('')).toBe(0)
  expect(Math.max(...tfIdf.weights)).toBeGreaterThan(Math.min(...tfIdf.weights))
})

test('a logistic regression needs both answers, and then is sure far from the border', () => {
  const judged = [1, 2, 3, 7, 8, 9].map((x) => ({ features: [x], isTrue: x > 5 }))
  expect(fitLogistic(judged.filter(({ isTrue }) => isTrue))).toBeNull()
  const fitted = fitLogistic(judged)!
  expect(judge(fitted, [9])).toBeGreaterThan(0.9)
  expect(judge(fitted, [1])).toBeLessThan(0.1)
  expect(judge(fitted, [5])).toBeCloseTo(0.5, 1)
})
