import { fitLogistic, judge, type Logistic } from '../learning/logistic.ts'
import { softmax } from '../learning/softmax.ts'

/** How scores become probabilities. */
export interface Calibration {
  /** Divides the scores (temperature scaling: Guo et al., ICML 2017). */
  readonly temperature: number
  /** Whether any agent fits, from `fitFeatures`; null when nothing was there to learn it from. */
  readonly fit: Logistic | null
}

/** Scores of one text that the model had not learned from, and what would have been right. */
export interface HeldOutScores {
  readonly scores: Float64Array
  /** The right class; -1 when no agent fits. */
  readonly label: number
}

const uncalibrated: Calibration = { temperature: 1, fit: null }

/**
 * Learns a calibration from texts that the model had not seen. With `agentOf`, the agent of each class, a
 * text also stands for one that fits nobody: by its scores without those of its own agent.
 */
export function calibrate(
  heldOut: readonly HeldOutScores[],
  agentOf: Int32Array | null,
): Calibration {
  const inside = heldOut.filter(({ label }) => label >= 0)
  if (inside.length === 0) return uncalibrated
  const temperature = bestTemperature(inside)
  const outside = heldOut.filter(({ label }) => label < 0).map(({ scores }) => scores)
  if (agentOf !== null) {
    for (const { scores, label } of inside) {
      const rest = scores.filter((_, k) => agentOf[k] !== agentOf[label])
      if (rest.length > 0) outside.push(rest)
    }
  }
  const judged = [
    ...inside.map(({ scores }) => ({ features: fitFeatures(scores), isTrue: true })),
    ...outside.map((scores) => ({ features: fitFeatures(scores), isTrue: false })),
  ]
  return { temperature, fit: fitLogistic(judged) }
}

/** The probability that any agent fits; 1 when that was never learned. */
export function fitOf({ fit }: Calibration, scores: Float64Array): number {
  return fit === null ? 1 : judge(fit, fitFeatures(scores))
}

/** The highest score, which grows with all that the text shares with the class, and its lead over the second. */
function fitFeatures(scores: Float64Array): readonly number[] {
  let first = -Infinity
  let second = -Infinity
  for (const score of scores) {
    if (score > first) {
      second = first
      first = score
    } else if (score > second) second = score
  }
  return [first, Number.isFinite(second) ? Math.min(first - second, 5) : 0]
}

/** The temperature with the highest likelihood of the right classes, by golden section search. */
function bestTemperature(inside: readonly HeldOutScores[]): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let low = Math.log(0.05)
  let high = Math.log(20)
  for (let step = 0; step < 24; step++) {
    const a = high - ratio * (high - low)
    const b = low + ratio * (high - low)
    if (loss(inside, Math.exp(a)) < loss(inside, Math.exp(b))) high = b
    else low = a
  }
  return Math.exp((low + high) / 2)
}

function loss(inside: readonly HeldOutScores[], temperature: number): number {
  let sum = 0
  for (const { scores, label } of inside)
    sum -= Math.log(softmax(Float64Array.from(scores), temperature)[label]! + 1e-12)
  return sum
}
