/** What became of one task that belongs to an agent. */
export interface Routed {
  readonly isRight: boolean
  /** Whether the agent is right, whatever the intent. */
  readonly isRightAgent: boolean
  /** Of the chosen agent, 0 to 1. */
  readonly confidence: number
  /** That any agent fits, 0 to 1. */
  readonly fit: number
}

/** The share of right answers in percent; null without any. */
export function accuracyOf(routed: readonly Routed[]): number | null {
  return routed.length === 0
    ? null
    : (100 * routed.filter(({ isRight }) => isRight).length) / routed.length
}

/** The probability that a task with an agent fits better than one without; equal ones count half. */
export function aurocOf(inside: readonly number[], outside: readonly number[]): number | null {
  if (inside.length === 0 || outside.length === 0) return null
  const sorted = [...inside].sort((a, b) => a - b)
  const sum = outside.reduce(
    (wins, fit) => wins + sorted.length - (below(sorted, fit) + upTo(sorted, fit)) / 2,
    0,
  )
  return sum / inside.length / outside.length
}

/**
 * The share in percent of all tasks with an agent that are routed rightly when fits are refused up to the
 * one that refuses 90 % of the tasks without an agent.
 */
export function accuracyAtRecall(
  routed: readonly Routed[],
  outside: readonly number[],
  recall = 0.9,
): number | null {
  if (routed.length === 0 || outside.length === 0) return null
  const threshold = [...outside].sort((a, b) => a - b)[Math.ceil(recall * outside.length) - 1]!
  const kept = routed.filter(({ isRight, fit }) => isRight && fit > threshold)
  return (100 * kept.length) / routed.length
}

/** Expected calibration error of the agent's confidence over 15 bins of equal width (Guo et al., ICML 2017): 0 is perfect. */
export function calibrationError(routed: readonly Routed[], bins = 15): number | null {
  if (routed.length === 0) return null
  const gaps = new Float64Array(bins)
  for (const { confidence, isRightAgent } of routed)
    gaps[Math.min(bins - 1, Math.floor(confidence * bins))]! += confidence - (isRightAgent ? 1 : 0)
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / routed.length
}

/** The value that the share `rank` of all values does not exceed; null without any. */
export function percentile(values: readonly number[], rank: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)] ?? null
}

/** How many of the sorted values are below `limit`. */
function below(sorted: readonly number[], limit: number): number {
  let low = 0
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}

function upTo(sorted: readonly number[], limit: number): number {
  let count = below(sorted, limit)
  while (sorted[count] === limit) count++
  return count
}
