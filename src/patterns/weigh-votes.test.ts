import { expect, test } from 'vitest'
import { weighVotes } from './weigh-votes.ts'

const vote = (value: string | null, weight: number) => ({
  agent: 'a',
  value,
  confidence: weight,
  weight,
  reason: null,
  abstained: value === null,
})

test('the value with the most weight wins, and its strongest vote is named', () => {
  const decision = weighVotes([vote('x', 0.5), vote('y', 0.3), vote('y', 0.4), vote(null, 0)])
  expect(decision).toMatchObject({ value: 'y', winner: 2 })
  expect(decision.agreement).toBeCloseTo(0.7 / 1.2)
})

test('of values that are level the first wins; without any weight nobody does', () => {
  expect(weighVotes([vote('x', 1), vote('y', 1)])).toMatchObject({ value: 'x', winner: 0 })
  const nothing = { value: null, agreement: 0, winner: null }
  expect(weighVotes([vote('x', 0), vote(null, 0)])).toEqual(nothing)
  expect(weighVotes([])).toEqual(nothing)
})
