import { OrchestrationError } from '../../core/errors.ts'
import type { Embedder } from '../embedder.ts'
import { type AgentProfile, trainingSet } from './agent-profile.ts'
import { allowedClasses, checkText } from './checked-task.ts'
import { explainRoute, type RouteExplanation } from './explanation.ts'
import { afterOutcome } from './online-update.ts'
import type { AcceptedOutcome, RouteCandidate, RouteDecision, RouteTask } from './route-decision.ts'
import { type Judgement, judgeTask, type RoutingModel } from './routing-model.ts'
import { trainModel } from './train-model.ts'

export interface RouterOptions {
  /** Asked when the words alone are not sure; its vectors must be those that the model has learned from. */
  readonly embedder?: Embedder
  /** Under this probability that any agent fits, none is chosen; default 0.5. 0 always chooses one. */
  readonly fitMin?: number
  /** From this confidence on the embedder is not asked; default 0.9. Above 1 it is always asked. */
  readonly sureMin?: number
  /** Runners-up from this confidence on become fallbacks; default 0.05. */
  readonly fallbackMin?: number
}

export interface TrainRouterOptions extends RouterOptions {
  /** Texts of tasks that fit no agent; from about 50 on they sharpen the refusal. */
  readonly outside?: readonly string[]
}

const runnersUpMax = 4

/**
 * Routes tasks to agents by what they say, and by the TDA context in which they come. Learns at the level of
 * intents and sums to agents. The words alone decide first; only where they are unsure and there is an
 * embedder is that asked too. Everything is decided in the process; only an embedder may reach out.
 */
export class SemanticRouter {
  #model: RoutingModel
  readonly #options: RouterOptions

  /** @throws StateConsistencyError when the model has learned from another embedder's vectors */
  constructor(model: RoutingModel, options: RouterOptions = {}) {
    const learned = model.dense?.embedderId
    if (
      options.embedder !== undefined &&
      learned !== undefined &&
      options.embedder.id !== learned
    ) {
      throw new OrchestrationError(
        'StateConsistencyError',
        `the router has learned from vectors of '${learned}', not of '${options.embedder.id}'`,
        { hint: 'train it anew with this embedder' },
      )
    }
    this.#model = model
    this.#options = options
  }

  /**
   * Learns from what is known of the agents: examples if there are any, else their names, descriptions and
   * capabilities alone. The same profiles always give the same router.
   *
   * @throws InputError for two profiles of one agent; what the embedder throws
   */
  static async train(
    profiles: readonly AgentProfile[],
    options: TrainRouterOptions = {},
  ): Promise<SemanticRouter> {
    return new SemanticRouter(await trainModel(trainingSet(profiles), options), options)
  }

  /** What was learned so far, to be stored. */
  get model(): RoutingModel {
    return this.#model
  }

  /**
   * Where a task goes. Nothing that fits is an answer, not an error.
   *
   * @throws InputError when the text is none or too long; NotFoundError for an unknown candidate; what the
   *   embedder throws
   */
  async route(task: RouteTask): Promise<RouteDecision> {
    const model = this.#model
    checkText(task.text)
    const allowed = allowedClasses(model, task.candidates)
    if (model.agents.length === 0 || allowed?.includes(true) === false)
      return { kind: 'noAgent', because: 'noAgents', fit: 0, runnersUp: [] }
    const asked = { text: task.text, tda: task.tda ?? null }
    const part = allowed === undefined ? {} : { allowed }
    const fast = judgeTask(model, asked, part)
    const { embedder, sureMin = 0.9 } = this.#options
    const isSure = Math.max(...fast.intents) * fast.fit >= sureMin
    if (embedder === undefined || model.dense === null || isSure)
      return fast.isKnown ? this.#decide(fast, 'fast') : this.#refuse(fast, 'noWords')
    const [embedding] = await embedder.embed([task.text])
    if (embedding === undefined || embedding.values.every((value) => value === 0))
      return this.#refuse(fast, 'noWords')
    return this.#decide(judgeTask(model, asked, { ...part, embedding }), 'neural')
  }

  /**
   * Why a task goes where it goes, found by routing small changes of it: at most 42 further routings.
   *
   * @throws what `route` throws
   */
  async explain(task: RouteTask, decision: RouteDecision): Promise<RouteExplanation> {
    return explainRoute(task, decision, (changed) => this.route(changed))
  }

  /**
   * Learns at once from an outcome that somebody has accepted.
   *
   * @throws InputError, NotFoundError when the agent is unknown
   */
  learn(outcome: AcceptedOutcome): void {
    this.#model = afterOutcome(this.#model, outcome)
  }

  #decide(judgement: Judgement, stage: 'fast' | 'neural'): RouteDecision {
    const { fitMin = 0.5, fallbackMin = 0.05 } = this.#options
    const [first, ...runnersUp] = this.#ranked(judgement)
    if (first === undefined || judgement.fit < fitMin) return this.#refuse(judgement, 'nothingFits')
    const fallbacks = runnersUp
      .filter(({ confidence }) => confidence >= fallbackMin)
      .map(({ agent }) => agent)
    return {
      kind: 'routed',
      ...first,
      fit: judgement.fit,
      stage,
      runnersUp: runnersUp.slice(0, runnersUpMax),
      fallbacks,
    }
  }

  #refuse(judgement: Judgement, because: 'noWords' | 'nothingFits'): RouteDecision {
    const isKnown = because === 'nothingFits'
    return {
      kind: 'noAgent',
      because,
      fit: isKnown ? judgement.fit : 0,
      runnersUp: isKnown ? this.#ranked(judgement).slice(0, runnersUpMax) : [],
    }
  }

  /** The agents that may be chosen, the likeliest first, each with its likeliest intent. */
  #ranked({ agents, intents }: Judgement): readonly RouteCandidate[] {
    const { classes, agentOf } = this.#model
    const best = new Int32Array(agents.length).fill(-1)
    for (const [k, probability] of intents.entries()) {
      const agent = agentOf[k]!
      if (best[agent]! < 0 || probability > intents[best[agent]!]!) best[agent] = k
    }
    return [...agents.keys()]
      .filter((agent) => agents[agent]! > 0)
      .sort((a, b) => agents[b]! - agents[a]!)
      .slice(0, runnersUpMax + 1)
      .map((agent) => ({ ...classes[best[agent]!]!, confidence: agents[agent]! }))
  }
}
