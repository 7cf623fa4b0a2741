import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { mapAt } from './value-at.ts'

/** The steps and their `needs` by number; unknown and repeated ids are left out. */
export interface StepGraph {
  readonly ids: readonly string[]
  readonly numbers: ReadonlyMap<string, number>
  /** For each step the numbers of the steps it needs. */
  readonly needs: readonly (readonly number[])[]
  /** Step numbers, each after all its needs; steps in or behind a cycle are missing. */
  readonly order: readonly number[]
}

/** The graph of a document's data, whatever its shape. Linear in steps and edges. */
export function stepGraph(data: JsonValue): StepGraph {
  const steps = mapAt(data, 'steps')
  const ids = Object.keys(steps)
  const numbers = new Map(ids.map((id, number) => [id, number]))
  const needs = ids.map((id) => {
    const step = steps[id]
    const list =
      isJsonObject(step) && Array.isArray(step.needs) ? (step.needs as readonly JsonValue[]) : []
    const known = list.map((need) => (typeof need === 'string' ? numbers.get(need) : undefined))
    return [...new Set(known.filter((need) => need !== undefined))]
  })
  return { ids, numbers, needs, order: topologicalOrder(needs) }
}

/** Kahn's algorithm (A. B. Kahn, 1962). */
function topologicalOrder(needs: readonly (readonly number[])[]): number[] {
  const dependents: number[][] = needs.map(() => [])
  const open = needs.map((list) => list.length)
  for (const [number, list] of needs.entries()) {
    for (const need of list) (dependents[need] as number[]).push(number)
  }
  const order = open.flatMap((count, number) => (count === 0 ? [number] : []))
  for (let next = 0; next < order.length; next++) {
    for (const dependent of dependents[order[next] as number] as number[]) {
      const left = (open[dependent] as number) - 1
      open[dependent] = left
      if (left === 0) order.push(dependent)
    }
  }
  return order
}

/**
 * One cycle for each knot of steps that need each other, as numbers: each needs the next, the last is
 * the first again. The shortest through the knot's first step. A step that only needs itself is left out.
 */
export function findCycles(graph: StepGraph): number[][] {
  const done = new Set(graph.order)
  const open = graph.ids.flatMap((_, number) => (done.has(number) ? [] : [number]))
  const component = stronglyConnected(graph.needs, open)
  const cycles: number[][] = []
  const seen = new Set<number>()
  for (const number of open) {
    const knot = component.get(number) as number
    if (seen.has(knot)) continue
    const cycle = shortestCycle(graph.needs, number, (other) => component.get(other) === knot)
    if (cycle === null) continue
    seen.add(knot)
    cycles.push(cycle)
  }
  return cycles
}

function shortestCycle(
  needs: readonly (readonly number[])[],
  start: number,
  isInside: (number: number) => boolean,
): number[] | null {
  const cameFrom = new Map<number, number>([[start, -1]])
  const queue = [start]
  for (const number of queue) {
    for (const need of needs[number] as readonly number[]) {
      if (need === start && number !== start) {
        const cycle = [start]
        for (let at = number; at !== -1; at = cameFrom.get(at) as number) cycle.unshift(at)
        return cycle
      }
      if (cameFrom.has(need) || !isInside(need)) continue
      cameFrom.set(need, number)
      queue.push(need)
    }
  }
  return null
}

/** Component numbers by Tarjan's algorithm (R. Tarjan, 1972), without recursion. */
function stronglyConnected(
  needs: readonly (readonly number[])[],
  open: readonly number[],
): ReadonlyMap<number, number> {
  const component = new Map<number, number>()
  const low = new Map<number, number>()
  const stack: number[] = []
  for (const root of open) {
    if (low.has(root)) continue
    const frames = [{ number: root, next: 0, index: low.size }]
    low.set(root, low.size)
    stack.push(root)
    while (frames.length > 0) {
      const frame = frames.at(-1) as { number: number; next: number; index: number }
      const need = (needs[frame.number] as readonly number[])[frame.next++]
      if (need === undefined) {
        frames.pop()
        const own = low.get(frame.number) as number
        if (own === frame.index) {
          let member: number
          do {
            member = stack.pop() as number
            component.set(member, frame.index)
          } while (member !== frame.number)
        }
        const parent = frames.at(-1)
        if (parent !== undefined)
          low.set(parent.number, Math.min(low.get(parent.number) as number, own))
      } else if (!low.has(need)) {
        frames.push({ number: need, next: 0, index: low.size })
        low.set(need, low.size)
        stack.push(need)
      } else if (!component.has(need)) {
        low.set(frame.number, Math.min(low.get(frame.number) as number, low.get(need) as number))
      }
    }
  }
  return component
}
