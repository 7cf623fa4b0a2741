import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LruCache } from './lru-cache.ts'

test('the one unused for longest goes, and each read is told', () => {
  const told: boolean[] = []
  const cache = new LruCache<string, number>(2, (isHit) => void told.push(isHit))
  cache.set('a', 1)
  cache.set('b', 2)
  expect(cache.get('a')).toBe(1)
  cache.set('c', 3)
  expect([cache.get('b'), cache.get('a'), cache.get('c')]).toEqual([undefined, 1, 3])
  expect(told).toEqual([true, false, true, true])
})

test('it has what was used last of all that was set, whatever was done, and never more than its bound', () => {
  const step = fc.record({ isSet: fc.boolean(), key: fc.nat({ max: 8 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step), (entriesMax, steps) => {
      const cache = new LruCache<number, string>(entriesMax)
      let model: number[] = []
      for (const { isSet, key } of steps) {
        const isKnown = model.includes(key)
        if (isSet) cache.set(key, `v${key}`)
        else expect(cache.get(key)).toBe(isKnown ? `v${key}` : undefined)
        if (isSet || isKnown)
          model = [...model.filter((one) => one !== key), key].slice(-entriesMax)
        expect(cache.size).toBe(model.length)
      }
    }),
  )
})
