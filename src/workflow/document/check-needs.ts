import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import { describeValue } from './problem.ts'
import type { ProblemList } from './problem.ts'
import { findCycles } from './step-graph.ts'
import type { StepGraph } from './step-graph.ts'
import { listAt, mapAt } from './value-at.ts'

/** Steps of a cycle that a problem prints; a longer one is cut in its middle. */
const cycleStepsShown = 60

/** Checks that `needs` names other steps, each once, and never in a circle. Linear in steps and edges. */
export function checkNeeds(data: JsonValue, graph: StepGraph, problems: ProblemList): void {
  const steps = mapAt(data, 'steps')
  for (const id of graph.ids) {
    if (problems.isFull) return
    const step = steps[id]
    if (isJsonObject(step)) checkList(id, step, { graph, problems })
  }
  for (const cycle of findCycles(graph)) reportCycle(cycle, steps, { graph, problems })
}

interface Target {
  readonly graph: StepGraph
  readonly problems: ProblemList
}

function checkList(id: string, step: JsonObject, { graph, problems }: Target): void {
  const seen = new Set<JsonValue>()
  for (const [index, need] of listAt(step, 'needs').entries()) {
    if (problems.isFull) return
    if (typeof need !== 'string') continue
    const path = ['steps', id, 'needs', index]
    const found = describeValue(need)
    if (need === id) {
      problems.add({
        path,
        message: `step '${id}' needs itself: ${id} → ${id}`,
        found,
        expected: 'another step',
      })
    } else if (!graph.numbers.has(need)) {
      problems.add({
        path,
        message: `there is no step '${need.slice(0, 100)}'`,
        found,
        expected: 'the id of a step',
        hint: () => nearestOrAll(need, graph.ids),
      })
    } else if (seen.has(need)) {
      problems.add({
        path,
        message: `'${need}' is needed twice`,
        found,
        expected: 'each step once',
      })
    }
    seen.add(need)
  }
}

function reportCycle(
  cycle: readonly number[],
  steps: JsonObject,
  { graph, problems }: Target,
): void {
  const ids = cycle.map((number) => graph.ids[number] as string)
  const [first, second] = ids as [string, string]
  const index = listAt(steps[first], 'needs').indexOf(second)
  problems.add({
    path: ['steps', first, 'needs', index],
    message: `steps need each other: ${cycleText(ids)}`,
    found: cycleText(ids),
    expected: 'no cycle',
    hint: 'take one of these needs away',
  })
}

function cycleText(ids: readonly string[]): string {
  if (ids.length <= cycleStepsShown) return ids.join(' → ')
  const half = cycleStepsShown / 2
  const hidden = ids.length - 2 * half
  return [...ids.slice(0, half), `(${hidden} more)`, ...ids.slice(-half)].join(' → ')
}
