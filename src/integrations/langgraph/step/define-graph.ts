import { type AgentConfiguration, type AgentDefinition, BaseAgent } from '../../../agents/index.ts'
import type { Schema } from '../../../agents/index.ts'
import { graphAction, graphAgentId } from '../../../core/contracts/graph.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import type { CompiledGraph } from '../run/graph-run.ts'
import { GraphRunner } from './graph-runner.ts'

export interface GraphDefinition {
  /** By which steps name it (`graph: NAME`): 1 to 94 of A-Z a-z 0-9 . _ - */
  readonly name: string
  /**
   * Compiled, with or without a checkpointer of its own, which is not used. Without a store of its own it has
   * what its agent remembers (`memoryConfig`; any namespace by default).
   */
  readonly graph: CompiledGraph
  readonly version?: string
  readonly description?: string
  readonly capabilities?: readonly string[]
  readonly examples?: NonNullable<AgentDefinition['examples']>
  /** Of what a step gives it, and of its last state; default anything. */
  readonly input?: Schema
  readonly output?: Schema
  /** Supersteps of one run at most; default 1,000 (`graphSuperstepsMax`). */
  readonly maxSupersteps?: number
  /** The signal that an interrupt waits for which names none; default `resume`. */
  readonly signal?: string
  /** As that of an agent: how many runs at once, payloads, logs, memory. */
  readonly config?: Partial<
    Pick<AgentConfiguration, 'resourceLimits' | 'memoryConfig' | 'observabilityConfig'>
  >
}

/**
 * Makes a compiled graph known as `graph: NAME`: list it beside the agents of a module, or in
 * `openEngine({ agents })`. It is the agent `graph.NAME` with the action `run`, so that everything that goes
 * for steps with agents goes for it. Its threads are kept in the engine's file and go with their executions.
 *
 * @throws AgentModuleError for a wrong name or setting; UsageError for a graph that is not compiled
 */
export function defineGraph(definition: GraphDefinition): BaseAgent {
  return new GraphAgent(definition)
}

/** The agent that runs a graph. */
class GraphAgent extends BaseAgent {
  readonly #runner: GraphRunner

  constructor(definition: GraphDefinition) {
    const { name, graph, maxSupersteps, signal, input, output, ...rest } = definition
    checkCompiled(name, graph)
    const runner = new GraphRunner({ name, graph, maxSupersteps, signalName: signal })
    const action = {
      // A further delivery goes on where the last one was; what its calls do is said by their own effects.
      effect: 'idempotent' as const,
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      run: runner.run,
    }
    const config = {
      ...rest.config,
      memoryConfig: { namespaces: null, ...rest.config?.memoryConfig },
    }
    super({ ...rest, config, type: graphAgentId(name), actions: { [graphAction]: action } })
    this.#runner = runner
  }

  protected override onInit(): Promise<void> {
    return this.#runner.open(this)
  }
}

function checkCompiled(name: string, graph: unknown): void {
  const has = (method: string): boolean =>
    typeof (graph as Readonly<Record<string, unknown>> | null)?.[method] === 'function'
  if (has('stream') && has('getState')) return
  throw new OrchestrationError('UsageError', `graph '${name}' is no compiled graph`, {
    hint: has('compile') ? 'give it as graph.compile()' : 'give what StateGraph.compile() returns',
  })
}
