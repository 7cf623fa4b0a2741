import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from '../../core/limits.ts'
import { embedderSuite } from '../../testing/embedder-suite.ts'
import { similarity } from '../embedder.ts'
import { HashedEmbedder, hashedEmbedding } from './hashed-embedder.ts'

const cases = embedderSuite(() => new HashedEmbedder())

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(cases)('$name', ({ run }) => run())

test('a gap must name a case', () => {
  expect(() => embedderSuite(() => new HashedEmbedder(), { 'no such case': 'why' })).toThrow(
    "'no such case' names no case",
  )
  expect(embedderSuite(() => new HashedEmbedder(), { [cases[0]!.name]: 'why' })).toHaveLength(
    cases.length - 1,
  )
})

test('a word written wrongly stays nearer than another word', () => {
  const asked = hashedEmbedding('cancel my reservation')
  expect(similarity(asked, hashedEmbedding('cancle my resevation'))).toBeGreaterThan(
    similarity(asked, hashedEmbedding('prolong my lease')) + 0.2,
  )
})

test('case, forms of Unicode and kinds of apostrophe do not matter', () => {
  const plain = hashedEmbedding("don't pay the café")
  expect(hashedEmbedding('DON’T pay THE cafe\u0301')).toEqual(plain)
})

test('what lies beyond the limit of characters is left out', () => {
  const text = 'a '.repeat(limits.taskCharactersMax / 2)
  expect(hashedEmbedding(`${text}unseen`)).toEqual(hashedEmbedding(text))
})

test('any text has a similarity of 1 to itself, or is the zero vector', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const embedding = hashedEmbedding(text)
      const own = similarity(embedding, embedding)
      expect(embedding.values.length === 0 ? own === 0 : Math.abs(own - 1) < 1e-5).toBe(true)
    }),
  )
})
