import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobHash, joinBlobs, splitBlobs } from './blob-text.ts'

describe('splitBlobs', () => {
  it('gives the same text back, character by character, whatever it is', () => {
    const texts = fc.oneof(
      fc.json({ maxDepth: 6, stringUnit: 'binary' }),
      fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify([value, { a: value }, [value]])),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', 'é') }),
    )
    let splits = 0
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 100 }), (text, bytesMin) => {
        const split = splitBlobs(text, bytesMin)
        if (split === null) return
        splits++
        for (const [name, value] of split.values) {
          expect(name).toBe(blobHash(value))
          expect(Buffer.byteLength(value)).toBeGreaterThan(bytesMin)
        }
        expect(joinBlobs(split.text, (name) => split.values.get(name) as string)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
    expect(splits).toBeGreaterThan(100)
  })

  it('finds the same value in different wrappers', () => {
    const list = Array.from({ length: 50 }, (_, i) => ({ at: i, text: 'a "quoted" \\ text' }))
    const output = splitBlobs(JSON.stringify([1, [12, 'first', { list, n: 1 }]]), 1_000)
    const input = splitBlobs(JSON.stringify([2, [1, 'next', { with: { deep: [list] } }]]), 1_000)
    expect([...(output?.values.keys() ?? [])]).toEqual([blobHash(JSON.stringify(list))])
    expect(input?.values).toEqual(output?.values)
    expect(output?.text).toBe(
      `[[23],[1,[12,"first",{"list":"${blobHash(JSON.stringify(list))}","n":1}]]]`,
    )
  })

  it('takes a value out once that comes twice, and every value that is large by itself', () => {
    const [a, b] = ['a'.repeat(100), 'b'.repeat(100)]
    const split = splitBlobs(JSON.stringify({ one: a, two: [a, b], small: 'c' }), 90)
    expect([...(split?.values.values() ?? [])]).toEqual([JSON.stringify(a), JSON.stringify(b)])
  })

  it('measures bytes, not characters', () => {
    const text = JSON.stringify({ text: '日'.repeat(40) })
    expect(splitBlobs(text, 130)).toBeNull()
    expect(splitBlobs(text, 121)?.values.size).toBe(1)
  })

  it('leaves alone what is small, what has no large part, and what is no JSON', () => {
    expect(splitBlobs('{"a":[1,2,3]}', 100)).toBeNull()
    expect(splitBlobs(JSON.stringify(Array.from({ length: 100 }, () => 'abc')), 50)).toBeNull()
    for (const text of ['[['.repeat(100), ']'.repeat(100), `"${'a'.repeat(100)}`, 'a'.repeat(99)])
      expect(splitBlobs(text, 10)).toBeNull()
  })

  it('puts a hash that stands in the text as text back as it was', () => {
    const value = 'x'.repeat(200)
    const text = JSON.stringify([blobHash(JSON.stringify(value)), [value]])
    const split = splitBlobs(text, 100)
    expect(joinBlobs(split?.text ?? '', () => JSON.stringify(value))).toBe(text)
  })
})
