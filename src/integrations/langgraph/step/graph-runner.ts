import {
  type AgentContext,
  type BaseAgent,
  type CallOutcome,
  suspend,
} from '../../../agents/index.ts'
import { fromErrorJson, OrchestrationError, toErrorJson } from '../../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../../core/json.ts'
import type {
  AuraCheckpointSaver,
  CheckpointSaverOptions,
} from '../checkpoints/checkpoint-saver.ts'
import { checkpointSaver } from '../open-saver.ts'
import type { CallAgent, GraphCall } from '../run/graph-calls.ts'
import { type CompiledGraph, runGraph } from '../run/graph-run.ts'
import type { AuraStore } from '../store/aura-store.ts'
import { memoryStore } from '../store/open-store.ts'
import { NodePlaces } from '../run/node-places.ts'

export interface RunnerOf {
  readonly name: string
  readonly graph: CompiledGraph
  readonly maxSupersteps: number | undefined
  readonly signalName: string | undefined
}

/** Runs a graph for the calls of its agent, each on a thread named by the call's idempotency key. */
export class GraphRunner {
  readonly #of: RunnerOf
  readonly #places = new NodePlaces()
  #saver: AuraCheckpointSaver | null = null
  #store: AuraStore | null = null
  #agent: BaseAgent | null = null

  constructor(of: RunnerOf) {
    this.#of = of
  }

  /** @throws UsageError where no threads are kept, or when LangGraph is not installed */
  async open(agent: BaseAgent): Promise<void> {
    this.#store = null
    this.#saver = await checkpointSaver(this.#placeOf(agent))
    this.#agent = agent
  }

  #placeOf({ host: { database, threads, clock } }: BaseAgent): CheckpointSaverOptions {
    const [records, own] = [threads(), database()]
    if (records !== null) return { records }
    if (own !== null) return { database: own, clock }
    throw new OrchestrationError(
      'UsageError',
      `graph '${this.#of.name}' keeps its threads in a file, and this engine has none`,
      { hint: 'openEngine({ db: … })' },
    )
  }

  /** The action of the agent. */
  readonly run = async (input: JsonValue, context: AgentContext): Promise<unknown> => {
    const { graph, maxSupersteps, signalName } = this.#of
    const outcome = await runGraph({
      graph,
      key: context.idempotencyKey,
      input,
      saver: this.#saver as AuraCheckpointSaver,
      store: await this.#ownStore(),
      call: this.#callsIn(context),
      resumed: context.resumed,
      signal: context.signal,
      tda: () => context.tda,
      ...(maxSupersteps === undefined ? {} : { maxSupersteps }),
      ...(signalName === undefined ? {} : { signalName }),
    })
    if (outcome.kind === 'completed') return outcome.output
    if (outcome.kind === 'suspended') {
      const { signal, schema, resumeToken } = outcome
      return suspend({ signal, resumeToken, ...(schema === null ? {} : { schema }) })
    }
    // Whatever the graph made of it: the attempt was aborted.
    context.signal.throwIfAborted()
    throw fromErrorJson(outcome.error)
  }

  /** What the graph's agent remembers, as LangGraph's store; null where nothing is remembered. */
  async #ownStore(): Promise<AuraStore | null> {
    if (this.#store !== null || this.#agent === null) return this.#store
    const { id, config, host } = this.#agent
    const memories = host.memories()
    if (memories === null) return null
    this.#store = await memoryStore({
      memories,
      owner: id,
      ...(config.memoryConfig === null ? {} : { config: config.memoryConfig }),
    })
    return this.#store
  }

  /** Each call is an execution of its own: made once, whatever becomes of the node and of the process. */
  #callsIn(context: AgentContext): CallAgent {
    return async (call) => {
      const { agent, action, input, settings } = call
      if (!isJsonObject(input)) return refusedInput(call)
      const number = Number(call.key.slice(call.key.lastIndexOf('/c') + 2))
      const timeoutMs = settings?.timeoutMs
      const release = await this.#places.take(call)
      try {
        const output = await context.call(agent, action, input, {
          number,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        })
        return { kind: 'completed', output }
      } catch (thrown) {
        const error = toErrorJson(thrown)
        return { kind: error.code === 'UnknownOutcomeError' ? 'unknown' : 'failed', error }
      } finally {
        release()
      }
    }
  }
}

function refusedInput({ agent, action, key }: GraphCall): CallOutcome {
  const message = `the input of ${agent}.${action} (${key}) is no object`
  const hint =
    'inside a graph: step agents are given objects: callAgent(config, { …, input: { … } })'
  return {
    kind: 'failed',
    error: new OrchestrationError('AgentInputError', message, { hint }).toJSON(),
  }
}
