import { OrchestrationError } from '../../core/errors.ts'
import { wordsOfName } from '../text/words.ts'

/** A task that is known to belong to an agent. */
export interface TaskExample {
  readonly text: string
  /** What is wanted of the agent, for instance `freeze_account`; default the agent as a whole. */
  readonly intent?: string
  /** The TDA context in which the task came; left out: unknown. */
  readonly tda?: TaskContext
}

/** The part of a `TdaContext` that routing looks at. */
export interface TaskContext {
  readonly available: boolean
  /** 0 to 1. */
  readonly anomalySeverity: number
  /** 0 to 1. */
  readonly patternConfidence: number
}

/** What the router knows of an agent. All but the name may be missing; the more there is, the better it routes. */
export interface AgentProfile {
  readonly agent: string
  readonly description?: string | null
  readonly capabilities?: readonly string[]
  readonly examples?: readonly TaskExample[]
}

/** A class of the model: one intent of one agent. */
export interface IntentClass {
  readonly agent: string
  readonly intent: string
}

/** A text to learn from. `intent` is -1 where only the agent is known. */
export interface TrainingText {
  readonly text: string
  readonly intent: number
  readonly agent: number
  readonly tda: TaskContext | null
  /** An example is a task; the rest are names and descriptions. */
  readonly isExample: boolean
}

export interface TrainingSet {
  readonly agents: readonly string[]
  readonly classes: readonly IntentClass[]
  /** The place in `agents` of each class's agent. */
  readonly agentOf: Int32Array
  readonly texts: readonly TrainingText[]
}

/** A name says in two or three words what the examples have in common, so it counts twice. */
const nameWeight = 2

/**
 * What can be learned from profiles. Names fall apart into words; a description belongs to the one intent of
 * an agent that has no other, else to the agent alone.
 *
 * @throws InputError when two profiles name the same agent, or a name is empty
 */
export function trainingSet(profiles: readonly AgentProfile[]): TrainingSet {
  const agents: string[] = []
  const classes: IntentClass[] = []
  const agentOf: number[] = []
  const texts: TrainingText[] = []
  for (const profile of profiles) {
    checkName(profile.agent, agents)
    const agent = agents.push(profile.agent) - 1
    const examples = profile.examples ?? []
    const intents = [...new Set(examples.map(({ intent }) => intent ?? profile.agent))]
    if (intents.length === 0) intents.push(profile.agent)
    const first = classes.length
    const about = { agent, tda: null, isExample: false }
    for (const intent of intents) {
      const at = classes.push({ agent: profile.agent, intent }) - 1
      agentOf.push(agent)
      for (let n = 0; n < nameWeight; n++)
        texts.push({ ...about, text: wordsOfName(intent), intent: at })
    }
    const only = intents.length === 1 ? first : -1
    for (const text of [
      profile.description ?? '',
      ...(profile.capabilities ?? []).map(wordsOfName),
    ])
      if (text !== '') texts.push({ ...about, text, intent: only })
    for (const { text, intent, tda } of examples) {
      const at = first + intents.indexOf(intent ?? profile.agent)
      texts.push({ text, intent: at, agent, tda: tda ?? null, isExample: true })
    }
  }
  return { agents, classes, agentOf: Int32Array.from(agentOf), texts }
}

function checkName(agent: string, taken: readonly string[]): void {
  if (agent.trim() === '')
    throw new OrchestrationError('InputError', 'an agent of the router has an empty name')
  if (taken.includes(agent)) {
    throw new OrchestrationError(
      'InputError',
      `the agent '${agent}' is given to the router twice`,
      {
        hint: 'put its examples into one profile',
      },
    )
  }
}
