import { expect, test } from 'vitest'
import { ReadCache } from './read-cache.ts'

const answer = (value: string | null) => async () => value

test('a field is loaded once, also one that is not there', async () => {
  const told: boolean[] = []
  const cache = new ReadCache(10, (isHit) => void told.push(isHit))
  for (let n = 0; n < 3; n++) {
    expect(await cache.field('h', 'a', answer('1'))).toBe('1')
    expect(await cache.field('h', 'b', answer(null))).toBeNull()
  }
  expect([told, cache.size]).toEqual([[false, false, true, true, true, true], 2])
})

test('an answer that was asked for before a change is given and not kept', async () => {
  const cache = new ReadCache(10)
  const slow = Promise.withResolvers<string>()
  const asked = cache.field('h', 'a', () => slow.promise)
  cache.forget('h')
  slow.resolve('old')
  expect(await asked).toBe('old')
  expect(await cache.field('h', 'a', answer('new'))).toBe('new')
})

test('over the limit the hash unused for longest is dropped', async () => {
  const cache = new ReadCache(2)
  await cache.field('first', 'a', answer('1'))
  await cache.field('second', 'a', answer('1'))
  await cache.field('first', 'a', answer('1'))
  await cache.field('third', 'a', answer('1'))
  expect(cache.size).toBe(2)
  expect(await cache.field('second', 'a', answer('2'))).toBe('2')
  expect(await cache.field('third', 'a', answer('2'))).toBe('1')
})

test('all is forgotten at once', async () => {
  const cache = new ReadCache(10)
  await cache.field('h', 'a', answer('1'))
  cache.forget(null)
  cache.forget('unknown')
  expect(cache.size).toBe(0)
  expect(await cache.field('h', 'a', answer('2'))).toBe('2')
})
