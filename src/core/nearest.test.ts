import { expect, test } from 'vitest'
import { nearestHint, nearestName } from './nearest.ts'

const keys = ['agent', 'action', 'needs', 'when', 'whenSkipped', 'forEach', 'timeout']

test('a typing slip of one letter finds the key', () => {
  expect(nearestName('agnet', keys)).toBe('agent')
  expect(nearestName('timout', keys)).toBe('timeout')
  expect(nearestName('need', keys)).toBe('needs')
})

test('another spelling of the same name counts as equal', () => {
  expect(nearestName('for_each', keys)).toBe('forEach')
  expect(nearestName('WHENSKIPPED', keys)).toBe('whenSkipped')
})

test('swapped neighbours are one slip', () => {
  expect(nearestName('whne', keys)).toBe('when')
})

test('a name that resembles nothing has no suggestion', () => {
  expect(nearestName('zebra', keys)).toBeNull()
  expect(nearestName('', keys)).toBeNull()
  expect(nearestName('x', ['y'])).toBeNull()
  expect(nearestHint('zebra', keys)).toBeNull()
})

test('the nearest of several wins, the first of equals', () => {
  expect(nearestName('step3', ['step33', 'steps', 'stop3'])).toBe('step33')
  expect(nearestHint('acton', keys)).toBe("did you mean 'action'?")
})

test('very long names are compared in bounded time', () => {
  const long = 'a'.repeat(100_000)
  expect(nearestName(long, [long.slice(1), 'b'])).toBe(long.slice(1))
})
