import { type AgentProfile, type Embedder, SemanticRouter } from '../../src/semantic/index.ts'
import type { LabelledTask } from './dataset.ts'
import {
  accuracyAtRecall,
  accuracyOf,
  aurocOf,
  calibrationError,
  percentile,
  type Routed,
} from './figures.ts'

/** What is learned from, and what is asked. */
export interface Trial {
  readonly profiles: readonly AgentProfile[]
  readonly outsideTrain: readonly string[]
  readonly tasks: readonly LabelledTask[]
  readonly outside: readonly string[]
  /** Whether the right intent counts, or the right agent. */
  readonly isByAgent: boolean
  readonly embedder: Embedder | null
}

/** The figures of a trial; accuracies in percent, null where nothing was there to measure. */
export interface TrialFigures {
  readonly accuracy: number | null
  readonly auroc: number | null
  readonly inScopeAccuracyAtOos90: number | null
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly trainMs: number
  readonly n: number
  /** Expected calibration error of the confidence. */
  readonly ece: number | null
  /** Share of the tasks that the embedder was asked about, in percent. */
  readonly neuralShare: number
}

const warmUps = 100

/** Learns, then routes every task by itself, as an engine would. */
export async function evaluate(trial: Trial): Promise<TrialFigures> {
  const started = performance.now()
  const router = await SemanticRouter.train(trial.profiles, {
    outside: trial.outsideTrain,
    // Every task gets an answer, and whether anybody fits is read from `fit`.
    fitMin: 0,
    ...(trial.embedder === null ? {} : { embedder: trial.embedder }),
  })
  const trainMs = performance.now() - started
  for (const { text } of trial.tasks.slice(0, warmUps)) await router.route({ text })
  const routed: Routed[] = []
  const times: number[] = []
  let neural = 0
  for (const task of trial.tasks) {
    const before = performance.now()
    const decision = await router.route({ text: task.text })
    times.push(performance.now() - before)
    if (decision.kind === 'noAgent') {
      routed.push({ isRight: false, isRightAgent: false, confidence: 0, fit: decision.fit })
      continue
    }
    if (decision.stage === 'neural') neural++
    const isRightAgent = decision.agent === task.agent
    const isRight = trial.isByAgent ? isRightAgent : decision.intent === task.label
    const { confidence, fit } = decision
    routed.push({ isRight, isRightAgent, confidence, fit })
  }
  const outside: number[] = []
  for (const text of trial.outside) outside.push((await router.route({ text })).fit)
  const inside = routed.map(({ fit }) => fit)
  return {
    accuracy: accuracyOf(routed),
    auroc: aurocOf(inside, outside),
    inScopeAccuracyAtOos90: accuracyAtRecall(routed, outside),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    trainMs,
    n: routed.length,
    ece: calibrationError(routed),
    neuralShare: routed.length === 0 ? 0 : (100 * neural) / routed.length,
  }
}
