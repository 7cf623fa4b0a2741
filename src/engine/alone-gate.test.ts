import { expect, test } from 'vitest'
import { AloneGate } from './alone-gate.ts'

test('calls run together until one must be alone', () => {
  const { gate, enter, inside } = bench()
  enter('a', false)
  enter('b', false)
  enter('alone', true)
  enter('c', false)
  expect(inside).toEqual(['a', 'b'])
  gate.leave()
  expect(inside).toEqual(['a', 'b'])
  gate.leave()
  expect(inside).toEqual(['a', 'b', 'alone'])
  gate.leave()
  expect(inside).toEqual(['a', 'b', 'alone', 'c'])
})

test('two that must be alone run one after the other', () => {
  const { gate, enter, inside } = bench()
  enter('a', true)
  enter('b', true)
  expect(inside).toEqual(['a'])
  gate.leave()
  expect(inside).toEqual(['a', 'b'])
})

test('a call that stops waiting never enters', () => {
  const { gate, enter, inside } = bench()
  enter('a', true)
  const stop = enter('b', false)
  enter('c', false)
  expect(stop()).toBe(true)
  gate.leave()
  expect(inside).toEqual(['a', 'c'])
  expect(stop()).toBe(false)
})

test('thousands that leave as they enter go one after the other', () => {
  const gate = new AloneGate()
  gate.enter(true, () => {})
  let entered = 0
  const leaves = (): void => {
    entered++
    gate.leave()
  }
  for (let n = 0; n < 100_000; n++) gate.enter(n % 1_000 === 0, leaves)
  gate.leave()
  expect(entered).toBe(100_000)
  expect(gate.enter(true, leaves)).toBe(true)
})

function bench() {
  const gate = new AloneGate()
  const inside: string[] = []
  return {
    gate,
    inside,
    /** Gives a function that stops the waiting. */
    enter(name: string, alone: boolean): () => boolean {
      const granted = () => void inside.push(name)
      if (gate.enter(alone, granted)) granted()
      return () => gate.cancel(granted)
    },
  }
}
