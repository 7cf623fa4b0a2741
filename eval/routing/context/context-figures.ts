import { seededRandom } from '../../../src/core/random.ts'
import {
  type AgentProfile,
  type RouteTask,
  SemanticRouter,
  type TaskContext,
} from '../../../src/semantic/index.ts'
import type { LabelledTask, RoutingData } from '../dataset.ts'
import { clearTexts, type EvaluationText, labelOf, unclearTexts } from './label-rule.ts'
import type { Moment } from './nab-moments.ts'

/** Accuracies in percent, gains in points. */
export interface ContextFigures {
  readonly accuracy: number
  readonly withoutContext: number
  readonly shuffledContext: number
  readonly gain: number
  readonly gainShuffled: number
  /** Share of the test tasks whose label depends on the context, in percent. */
  readonly dependent: number
  /** Share of the moments that the detector alone judges as NAB's authors do, in percent. */
  readonly detector: number
  readonly n: number
}

interface Task {
  readonly text: string
  readonly agent: string
  readonly isDependent: boolean
  readonly tda: TaskContext
}

/** What an operator would write about the two agents that share the unclear texts. */
const descriptions: Readonly<Record<string, string>> = {
  incident: 'Pages who is on call about failures of services, servers and their metrics',
  support: 'Answers users who have trouble with a service or ask about servers and their metrics',
}
/** Shufflings whose mean is taken: a single one may be lucky. */
const shuffles = 5
/** Moments that each text is paired with. */
const pairsOfText = 20

/**
 * Trains on the texts for training in the moments of one half of the series, and routes other texts in the
 * moments of the other half, then the other way round: with the context, without any, and with the contexts
 * shuffled among the tasks in both halves.
 */
export async function contextFigures(
  moments: readonly Moment[],
  data: RoutingData,
): Promise<ContextFigures> {
  const files = [...new Set(moments.map(({ file }) => file))]
  const halves = [0, 1].map((half) => {
    const isTested = ({ file }: Moment) => files.indexOf(file) % 2 === half
    return {
      train: pairs(
        moments.filter((moment) => !isTested(moment)),
        data.train,
        false,
      ),
      test: pairs(moments.filter(isTested), data.test, true),
    }
  })
  const test = halves.flatMap((half) => half.test)
  const rightIn = async (change: (tasks: readonly Task[]) => readonly Task[]) => {
    let right = 0
    for (const half of halves) right += await countRight(change(half.train), change(half.test))
    return (100 * right) / test.length
  }
  const accuracy = await rightIn((tasks) => tasks)
  const withoutContext = await rightIn((tasks) => tasks.map(withoutTda))
  let shuffledContext = 0
  for (let seed = 0; seed < shuffles; seed++)
    shuffledContext += (await rightIn((tasks) => shuffled(tasks, seed))) / shuffles
  return {
    accuracy,
    withoutContext,
    shuffledContext,
    gain: accuracy - withoutContext,
    gainShuffled: shuffledContext - withoutContext,
    dependent: (100 * test.filter(({ isDependent }) => isDependent).length) / test.length,
    detector: (100 * moments.filter(isJudged).length) / moments.length,
    n: test.length,
  }
}

/** Whether the detector alone says of a moment what NAB's authors say. */
function isJudged({ isAnomalous, tda }: Moment): boolean {
  return isAnomalous === tda.anomalySeverity > 0
}

/** Each unclear text in `pairsOfText` moments, half of them calm, and as many clear texts in one moment each. */
function pairs(
  moments: readonly Moment[],
  clear: readonly LabelledTask[],
  isTest: boolean,
): readonly Task[] {
  const random = seededRandom(isTest ? 2 : 1)
  const kinds = [true, false].map((kind) => moments.filter((moment) => moment.isAnomalous === kind))
  const paired = (text: EvaluationText, n: number): Task => {
    const alike = kinds[n % 2]!
    const { isAnomalous, tda } = alike[Math.floor(random() * alike.length)]!
    const agent = labelOf(text, isAnomalous)
    return { text: text.text, agent, isDependent: text.agent === null, tda }
  }
  const unclear = unclearTexts(isTest).flatMap((text) =>
    Array.from({ length: pairsOfText }, (_, n) => paired(text, n)),
  )
  return [...unclear, ...clearTexts(clear, unclear.length).map(paired)]
}

async function countRight(train: readonly Task[], test: readonly Task[]): Promise<number> {
  const agents = [...new Set(train.map(({ agent }) => agent))].sort()
  const profiles: readonly AgentProfile[] = agents.map((agent) => ({
    agent,
    description: descriptions[agent] ?? null,
    examples: train.filter((task) => task.agent === agent),
  }))
  const router = await SemanticRouter.train(profiles, { fitMin: 0 })
  let right = 0
  for (const { text, tda, agent } of test) {
    const task: RouteTask = { text, tda }
    const decision = await router.route(task)
    if (decision.kind === 'routed' && decision.agent === agent) right++
  }
  return right
}

function withoutTda(task: Task): Task {
  return { ...task, tda: { available: false, anomalySeverity: 0, patternConfidence: 0 } }
}

/** The same tasks, each with the context of another one. */
function shuffled(tasks: readonly Task[], seed: number): readonly Task[] {
  const random = seededRandom(seed)
  const contexts = tasks.map(({ tda }) => tda)
  for (let n = contexts.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    ;[contexts[n], contexts[other]] = [contexts[other]!, contexts[n]!]
  }
  return tasks.map((task, n) => ({ ...task, tda: contexts[n]! }))
}
