import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frequentSequences, countItems, type SequenceItem } from './prefix-span.ts'

const options = { supportMin: 2, lengthMax: 3, withinMs: 10, foundMax: 1_000 }

function sequence(text: string): readonly SequenceItem[] {
  return Array.from(text, (item, atMs) => ({ item, atMs })).filter(({ item }) => item !== '.')
}

test('what all sequences have, with others in between', () => {
  const database = ['aabcacdcf', 'adcbcae', 'efabdfcb', 'egafcbc'].map(sequence)
  const { found } = frequentSequences(database, { ...options, supportMin: 4 })
  expect(found.map(({ items }) => items.join(''))).toEqual(['a', 'ab', 'abc', 'ac', 'b', 'bc', 'c'])
})

test('occurrences are used up when they are counted', () => {
  expect(countItems(sequence('aabb.ab.b'), ['a', 'b'], 10)).toBe(2)
  expect(countItems(sequence('aaaa'), ['a', 'a'], 10)).toBe(2)
})

test('a sequence counts only within the time', () => {
  const database = [sequence('a..b'), sequence('a.b')]
  const names = (withinMs: number): readonly string[] =>
    frequentSequences(database, { ...options, withinMs }).found.map(({ items }) => items.join(''))
  expect(names(3)).toEqual(['a', 'ab', 'b'])
  expect(names(2)).toEqual(['a', 'b'])
})

test('over foundMax the search ends and says so', () => {
  const database = [sequence('abc'), sequence('abc')]
  expect(frequentSequences(database, { ...options, foundMax: 3 })).toMatchObject({
    found: { length: 3 },
    isComplete: false,
  })
  expect(frequentSequences(database, { ...options, foundMax: 7 }).isComplete).toBe(true)
})

const texts = fc.array(
  fc.array(fc.constantFrom('a', 'b', 'c', '.'), { maxLength: 9 }).map((list) => list.join('')),
  { maxLength: 5 },
)

test('it finds what counting every short sequence finds', () => {
  const every = ['a', 'b', 'c'].flatMap((a) => [
    a,
    ...['a', 'b', 'c'].flatMap((b) => [a + b, ...['a', 'b', 'c'].map((c) => a + b + c)]),
  ])
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 6 }), (database, withinMs) => {
      const sequences = database.map(sequence)
      const expected = every
        .map((items) => [items, supporters(database, items, withinMs)] as const)
        .filter(([, places]) => places.length >= 2)
      const { found } = frequentSequences(sequences, { ...options, withinMs })
      const actual = found.map(({ items, supporters }) => [items.join(''), supporters])
      expect(actual).toEqual(expected)
      for (const items of every) {
        const having = sequences.flatMap((one, place) =>
          countItems(one, Array.from(items), withinMs) > 0 ? [place] : [],
        )
        expect(having).toEqual(supporters(database, items, withinMs))
      }
    }),
  )
})

/** By brute force: the texts that have the letters in order within the time. */
function supporters(
  database: readonly string[],
  items: string,
  withinMs: number,
): readonly number[] {
  const begins = (text: string, from: number, rest: string, untilMs: number): boolean =>
    rest === '' ||
    Array.from(text).some(
      (letter, at) =>
        at >= from &&
        at <= untilMs &&
        letter === rest[0] &&
        begins(text, at + 1, rest.slice(1), untilMs),
    )
  const has = (text: string): boolean =>
    Array.from(text).some(
      (letter, at) => letter === items[0] && begins(text, at + 1, items.slice(1), at + withinMs),
    )
  return database.flatMap((text, place) => (has(text) ? [place] : []))
}
