import fc from 'fast-check'
import { expect, test } from 'vitest'
import { learnDecisionTree, type TreeOutcome } from './learn-tree.ts'
import { readDecisionTree } from './read-tree.ts'

const about = { name: 'learned', version: '1.0.0' }
const strategyOf = (severity: number, load: number) =>
  severity >= 0.7
    ? { pattern: 'consensus' }
    : load >= 0.5
      ? { pattern: 'pipeline' }
      : { agents: ['a'] }

const grid: readonly TreeOutcome[] = Array.from({ length: 400 }, (_, i) => {
  const [severity, load] = [(i % 20) / 20, Math.floor(i / 20) / 20]
  return { features: { severity, load }, strategy: strategyOf(severity, load) }
})

test('it finds the thresholds that the outcomes follow', () => {
  const tree = learnDecisionTree(grid, about)
  for (const { features, strategy } of grid)
    expect(tree.decide(features).strategy).toEqual(strategy)
  const tests = Object.values(tree.data.nodes).filter(({ feature }) => feature !== undefined)
  expect(tests).toHaveLength(2)
  for (const { learned } of Object.values(tree.data.nodes)) expect(learned?.share ?? 1).toBe(1)
})

test('the order of the outcomes does not matter, and the tree is a valid one', () => {
  const outcome = fc.record({
    features: fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) }),
    strategy: fc.constantFrom({ to: 'a' }, { to: 'b' }, { to: 'c' }),
  })
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 1, maxLength: 60 }), (outcomes) => {
      const settings = { ...about, leafRowsMin: 2 }
      const tree = learnDecisionTree(outcomes, settings)
      expect(learnDecisionTree(outcomes.toReversed(), settings).data).toEqual(tree.data)
      expect(readDecisionTree({ data: tree.data }).problems).toEqual([])
    }),
  )
})

test('depth and leaves are bounded, and a leaf says how sure it is', () => {
  const tree = learnDecisionTree(grid, { ...about, depthMax: 1 })
  expect(Object.keys(tree.data.nodes)).toHaveLength(3)
  const shares = Object.values(tree.data.nodes).flatMap(({ learned }) => learned ?? [])
  expect(shares.reduce((sum, { rows }) => sum + rows, 0)).toBe(grid.length)
  expect(Math.min(...shares.map(({ share }) => share))).toBeLessThan(1)
  const one = learnDecisionTree(grid, { ...about, leafRowsMin: 300 })
  expect(Object.keys(one.data.nodes)).toEqual(['n1'])
})

test('outcomes without a number for every feature are refused', () => {
  const good = { features: { x: 1 }, strategy: {} }
  for (const bad of [
    [],
    [{ features: {}, strategy: {} }],
    [good, { features: { y: 1 }, strategy: {} }],
    [good, { features: { x: Number.NaN }, strategy: {} }],
  ]) {
    expect(() => learnDecisionTree(bad as readonly TreeOutcome[], about)).toThrow(
      expect.objectContaining({ code: 'InputError' }) as Error,
    )
  }
})
