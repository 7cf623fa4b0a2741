import {
  type AgentContext,
  type AgentHost,
  type BaseAgent,
  defineAgent,
  defineLlmAgent,
  defineModel,
} from '../src/agents/index.ts'
import type { NestedCaller } from '../src/core/contracts/nested-call.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { AgentDirectory } from '../src/engine/index.ts'
import type { AgentWorld } from './agent-world.ts'
import { simulatedGraph } from './graph-agent.ts'
import { simulatedModel } from './simulated-model.ts'
import { llmBudget, llmTokensMax, clerkTokensMax } from './spending.ts'
import { WatchedAgent } from './watched-agent.ts'

/** The answer that is asked of the model. */
const answer = {
  type: 'object',
  properties: { value: { type: 'integer' }, choice: { enum: [0, 1] } },
  required: ['value', 'choice'],
}
const amount = {
  type: 'object',
  properties: { amount: { type: 'integer' } },
  required: ['amount'],
}
/** What an LLM agent reads of its tool; the simulated agent does the work. */
const payer = defineAgent({
  type: 'payer',
  actions: { do: { effect: 'once', description: 'Pays', input: amount, run: () => null } },
})

const makers: Readonly<Record<string, (world: AgentWorld) => BaseAgent>> = {
  llm: (world) =>
    defineModel({
      type: 'llm',
      model: simulatedModel(world),
      maxTokens: llmTokensMax,
      config: {
        resourceLimits: { timeoutMs: 300, budget: { tokens: llmBudget }, maxConcurrent: 4 },
      },
    }),
  clerk: () => clerk('clerk'),
  // The same with answers that are heard as they are written: a model that streams can die in the middle.
  talker: () => clerk('talker', () => {}),
  'graph.note': simulatedGraph,
  recurser: (world) =>
    defineAgent({
      type: 'recurser',
      actions: {
        do: {
          effect: 'read',
          run: (input, context: AgentContext) => {
            world.saw('recurses')
            return context.call('recurser', 'do', input as never)
          },
        },
      },
    }),
}

function clerk(type: string, onText?: () => void): BaseAgent {
  return defineLlmAgent({
    type,
    model: 'llm',
    turnsMax: 2,
    tools: { pay: { agent: 'payer', action: 'do' } },
    actions: { do: { output: answer, maxTokens: clerkTokensMax } },
    ...(onText === undefined ? {} : { onText }),
  })
}

/** What the product's agents are given by their process. */
export interface ProductProcess {
  /** Makes what they call in turn. */
  readonly caller: NestedCaller
  /** Makes the orchestrator, which adds its own agent. */
  readonly orchestrator: () => unknown
}

/** The product's own agents in one process, each made when it is first wanted. */
export class ProductAgents implements AgentDirectory {
  readonly #world: AgentWorld
  readonly #host: Partial<AgentHost>
  readonly #orchestrator: () => unknown
  readonly #agents = new Map<string, WatchedAgent>()

  constructor(world: AgentWorld, { caller, orchestrator }: ProductProcess) {
    this.#world = world
    this.#orchestrator = orchestrator
    this.#host = {
      clock: world.clock,
      random: world.random,
      logger: silentLogger,
      caller,
      find: (name) => (name === 'payer' ? payer : undefined),
    }
  }

  resolve(name: string): WatchedAgent | undefined {
    if (name === 'orchestrator') this.#orchestrator()
    const known = this.#agents.get(name)
    const make = makers[name]
    return known ?? (make === undefined ? undefined : this.add(name, make(this.#world)))
  }

  /** @param agent not started yet */
  add(name: string, agent: BaseAgent): WatchedAgent {
    const watched = new WatchedAgent(agent, this.#world, this.#host)
    this.#agents.set(name, watched)
    return watched
  }

  get pools(): readonly WatchedAgent['pool'][] {
    return Array.from(this.#agents.values(), ({ pool }) => pool)
  }
}
