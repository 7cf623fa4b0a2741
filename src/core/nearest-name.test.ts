import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

test('a swapped, missing, extra or wrong letter finds the meant name', () => {
  const names = ['observer', 'analyst', 'supervisor']
  expect(nearestName('obsrever', names)).toBe('observer')
  expect(nearestName('analyt', names)).toBe('analyst')
  expect(nearestName('supervissor', names)).toBe('supervisor')
  expect(nearestName('Anylast', names)).toBe('analyst')
})

test('the nearest of several wins', () => {
  expect(nearestName('retri', ['retry2', 'retry', 'reply'])).toBe('retry')
})

test('nothing near gives undefined', () => {
  expect(nearestName('ledger', ['observer', 'x'])).toBeUndefined()
  expect(nearestName('', [])).toBeUndefined()
  expect(nearestName('a'.repeat(200), ['a'.repeat(200)])).toBeUndefined()
})
