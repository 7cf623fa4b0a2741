import type { StepGraph } from './step-graph.ts'

/** A question: is `target` among the transitive needs of `step`? Both are step numbers. */
export interface ReachQuestion {
  readonly step: number
  readonly target: number
}

const batchSize = 32

/**
 * The questions whose answer is no. Steps in or behind a cycle are not judged. Targets are followed
 * 32 at a time, one bit each, through the steps in order of need: time is
 * (distinct targets / 32) × (steps + edges), memory is one word a step.
 */
export function unreachable<Q extends ReachQuestion>(
  graph: StepGraph,
  questions: readonly Q[],
): Q[] {
  const rank = new Int32Array(graph.ids.length).fill(-1)
  for (const [position, number] of graph.order.entries()) rank[number] = position
  const far = questions.filter(
    ({ step, target }) =>
      rank[step] !== -1 && rank[target] !== -1 && graph.needs[step]?.includes(target) !== true,
  )
  const byTarget = Map.groupBy(far, (question) => question.target)
  const targets = [...byTarget.keys()].toSorted((a, b) => (rank[a] as number) - (rank[b] as number))
  const refused: Q[] = []
  const edges = flatEdges(graph)
  for (let from = 0; from < targets.length; from += batchSize) {
    const batch = targets.slice(from, from + batchSize)
    const reached = followBatch(graph, edges, { batch, start: rank[batch[0] as number] as number })
    for (const [bit, target] of batch.entries()) {
      for (const question of byTarget.get(target) ?? []) {
        if (((reached[question.step] as number) & (1 << bit)) === 0) refused.push(question)
      }
    }
  }
  return refused
}

interface FlatEdges {
  readonly starts: Int32Array
  readonly needs: Int32Array
}

function flatEdges(graph: StepGraph): FlatEdges {
  const starts = new Int32Array(graph.ids.length + 1)
  for (const [number, list] of graph.needs.entries())
    starts[number + 1] = (starts[number] as number) + list.length
  const needs = new Int32Array(starts[graph.ids.length] as number)
  for (const [number, list] of graph.needs.entries()) needs.set(list, starts[number])
  return { starts, needs }
}

/** For each step a word whose bit n says that it needs target n of the batch, at whatever distance. */
function followBatch(
  graph: StepGraph,
  { starts, needs }: FlatEdges,
  { batch, start }: { readonly batch: readonly number[]; readonly start: number },
): Int32Array {
  const reached = new Int32Array(graph.ids.length)
  const own = new Int32Array(graph.ids.length)
  for (const [bit, target] of batch.entries()) own[target] = 1 << bit
  for (let position = start; position < graph.order.length; position++) {
    const number = graph.order[position] as number
    let word = 0
    for (let edge = starts[number] as number; edge < (starts[number + 1] as number); edge++) {
      const need = needs[edge] as number
      word |= (reached[need] as number) | (own[need] as number)
    }
    reached[number] = word
  }
  return reached
}
