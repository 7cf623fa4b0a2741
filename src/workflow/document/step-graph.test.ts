import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unreachable } from './reachability.ts'
import { findCycles, stepGraph } from './step-graph.ts'
import type { StepGraph } from './step-graph.ts'

/** A graph of up to 80 steps; `isAcyclic` lets each need only earlier ones. */
function graphs(isAcyclic: boolean): fc.Arbitrary<StepGraph> {
  return fc.integer({ min: 1, max: 80 }).chain((count) => {
    const steps = Array.from({ length: count }, (_, number) =>
      fc.uniqueArray(fc.nat(isAcyclic ? Math.max(0, number - 1) : count - 1), { maxLength: 3 }),
    )
    return fc.tuple(...steps).map((lists) => {
      const entries = lists.map((needs, number): [string, { needs: string[] }] => [
        `s${number}`,
        { needs: needs.filter((need) => need !== number).map((need) => `s${need}`) },
      ])
      return stepGraph({ steps: Object.fromEntries(entries.toReversed()) })
    })
  })
}

/** All that a step needs, at any distance, by walking. */
function ancestors(graph: StepGraph, step: number): Set<number> {
  const found = new Set<number>()
  const queue = [step]
  for (const number of queue) {
    for (const need of graph.needs[number] ?? []) {
      if (found.has(need)) continue
      found.add(need)
      queue.push(need)
    }
  }
  return found
}

test('bits find the same needs as walking does', () => {
  fc.assert(
    fc.property(graphs(true), (graph) => {
      const numbers = graph.ids.map((_, number) => number)
      const questions = numbers.flatMap((step) => numbers.map((target) => ({ step, target })))
      const refused = unreachable(graph, questions).map(({ step, target }) => `${step} ${target}`)
      const expected = numbers.flatMap((step) => {
        const needed = ancestors(graph, step)
        return numbers.filter((target) => !needed.has(target)).map((target) => `${step} ${target}`)
      })
      expect(refused.toSorted()).toEqual(expected.toSorted())
    }),
    { numRuns: 50 },
  )
})

test('the order has every step of an acyclic graph after its needs', () => {
  fc.assert(
    fc.property(graphs(true), (graph) => {
      const rank = new Map(graph.order.map((number, position) => [number, position]))
      expect(rank.size).toBe(graph.ids.length)
      expect(findCycles(graph)).toEqual([])
      const late = graph.needs.flatMap((list, number) =>
        list.filter((need) => (rank.get(need) as number) >= (rank.get(number) as number)),
      )
      expect(late).toEqual([])
    }),
  )
})

test('every cycle found is one, and every knot has one', () => {
  fc.assert(
    fc.property(graphs(false), (graph) => {
      const cycles = findCycles(graph)
      for (const cycle of cycles) {
        expect(cycle[0]).toBe(cycle.at(-1))
        expect(new Set(cycle).size).toBe(cycle.length - 1)
        const broken = cycle
          .slice(1)
          .filter((next, at) => graph.needs[cycle[at] as number]?.includes(next) !== true)
        expect(broken).toEqual([])
      }
      const knotted = graph.ids.flatMap((_, number) =>
        ancestors(graph, number).has(number) ? [number] : [],
      )
      const covered = cycles.map(([start]) => start as number)
      const uncovered = knotted.filter(
        (number) =>
          !covered.some((start) => start === number || ancestors(graph, number).has(start)),
      )
      expect(uncovered).toEqual([])
    }),
  )
})

test('steps of a dense graph are judged without a closure of all pairs', () => {
  const count = 10_000
  const entries = Array.from({ length: count }, (_, number): [string, { needs: string[] }] => [
    `s${number}`,
    { needs: [1, 2, 5, 70].flatMap((back) => (number >= back ? [`s${number - back}`] : [])) },
  ])
  const graph = stepGraph({ steps: Object.fromEntries(entries) })
  const questions = entries.map((_, number) => ({ step: number, target: (number * 7_919) % count }))
  const refused = unreachable(graph, questions)
  expect(refused.every(({ step, target }) => target >= step)).toBe(true)
  expect(refused).toHaveLength(questions.filter(({ step, target }) => target >= step).length)
}, 30_000)
