import type { RunnableConfig } from '@langchain/core/runnables'
import type { AgentContext, CallOutcome } from '../../../agents/index.ts'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import { type ErrorJson, fromErrorJson, OrchestrationError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import type { LangGraph } from '../load.ts'
import type { RunNotes } from './notes.ts'

/** A call of an agent that a node asks for. */
export interface CallRequest {
  /** Id or type of the agent. */
  readonly agent: string
  readonly action: string
  readonly input: JsonValue
  /** Laid over the agent's configuration for this call; default nothing. */
  readonly settings?: CallSettings
}

/** What a node may lay over its agent's configuration. */
export interface CallSettings {
  readonly timeoutMs?: number
  /** Calls of the node that run at the same time; more of them wait. */
  readonly maxConcurrent?: number
  /** Names the calls that share `maxConcurrent`. */
  readonly place: string
}

/** A call as whoever hosts the run is asked to make it. */
export interface GraphCall extends CallRequest {
  /** The idempotency key `<key of the run>/c<n>`, the same after every crash. */
  readonly key: string
  /** The signal that ended the call's suspension; null on a first call. */
  readonly resumed: AgentContext['resumed']
  readonly signal: AbortSignal
}

/**
 * Makes a call and tells its outcome. Asked again with the same key after a crash, or when a node is executed
 * anew, it must answer what it answered before; the engine does so from its journal.
 */
export type CallAgent = (call: GraphCall) => Promise<CallOutcome>

/** How a call ended, as a node sees it. */
export type CallEnd =
  | { readonly isOk: true; readonly output: JsonValue }
  | { readonly isOk: false; readonly error: ErrorJson }

/** Where a run keeps itself in LangGraph's configuration. */
const place = 'aura'

/** The calls of one run of a graph: keys in order, suspensions as interrupts. */
export class GraphCalls {
  readonly #of: {
    readonly key: string
    readonly call: CallAgent
    readonly notes: RunNotes
    readonly interrupt: LangGraph['interrupt']
    readonly signal: AbortSignal
    readonly tda: () => TdaContext
  }
  /** Calls of each execution of a node so far. */
  readonly #counts = new WeakMap<object, number>()

  constructor(of: GraphCalls['parts']) {
    this.#of = of
  }

  /** What it is made of. */
  get parts() {
    return this.#of
  }

  /** The TDA context of this moment. */
  tda(): TdaContext {
    return this.#of.tda()
  }

  /** A name for the next thing that this execution of a node does; the same when the node is executed anew. */
  nextSlot(config: RunnableConfig): string {
    const taskId = String(config.configurable?.['__pregel_task_id'] ?? '')
    const owner = config.configurable ?? config
    const count = (this.#counts.get(owner) ?? 0) + 1
    this.#counts.set(owner, count)
    return `${taskId}:${count}`
  }

  /** What was decided in this slot before, else what `decide` says. */
  once(config: RunnableConfig, decide: () => JsonValue | Promise<JsonValue>): Promise<JsonValue> {
    return this.#of.notes.once(`decision:${this.nextSlot(config)}`, decide)
  }

  /** Makes a call; one that is suspended interrupts the graph, and is made again with the signal's data. */
  async make(config: RunnableConfig, request: CallRequest): Promise<CallEnd> {
    const { key, call, notes, signal } = this.#of
    const slot = this.nextSlot(config)
    const callKey = `${key}/c${await notes.numberOf(slot)}`
    let resumed: AgentContext['resumed'] = null
    for (let round = 1; ; round++) {
      const noteName = `suspended:${slot}:${round}`
      const known = notes.get(noteName)
      const outcome: CallOutcome =
        known === undefined
          ? await call({ ...request, key: callKey, resumed, signal })
          : (known as unknown as CallOutcome)
      if (outcome.kind === 'completed') return { isOk: true, output: outcome.output }
      if (outcome.kind === 'failed') return { isOk: false, error: outcome.error }
      if (outcome.kind === 'unknown') throw uncertain(callKey, outcome.error)
      const { kind, signal: name, schema, resumeToken } = outcome
      await notes.put(noteName, { kind, signal: name, schema, resumeToken })
      resumed = this.#waited(outcome)
    }
  }

  /** Ends the execution of the node the first time; gives the signal's data when it is executed anew. */
  #waited(outcome: Extract<CallOutcome, { kind: 'suspended' }>): AgentContext['resumed'] {
    const { signal, schema, resumeToken } = outcome
    const data = this.#of.interrupt<JsonObject, JsonValue>({ signal, schema })
    return { signal, resumeToken, data }
  }
}

/** The configuration through which the nodes of a run find its calls. */
export function withCalls(calls: GraphCalls): Record<string, unknown> {
  return { [place]: calls }
}

/** @throws UsageError outside of a run of Aura's */
export function callsOf(config: RunnableConfig | undefined): GraphCalls {
  const calls: unknown = config?.configurable?.[place]
  if (calls instanceof GraphCalls) return calls
  throw new OrchestrationError('UsageError', 'this graph is not run by Aura: it has no agents', {
    hint: 'run it by runGraph or as a graph: step, and give the node its second argument: callAgent(config, …)',
  })
}

/**
 * Calls an agent inside a node of any LangGraph graph that Aura runs. Its key follows from the order of the
 * node's calls, so that a node that is executed anew gets the answers that it had.
 *
 * @param config the node's second argument
 * @throws the call's error; UnknownOutcomeError when nobody knows whether a `once` call happened
 */
export async function callAgent(config: RunnableConfig, request: CallRequest): Promise<JsonValue> {
  const end = await callsOf(config).make(config, request)
  if (end.isOk) return end.output
  throw fromErrorJson(end.error)
}

function uncertain(key: string, error: ErrorJson): OrchestrationError {
  return new OrchestrationError(
    'UnknownOutcomeError',
    `nobody knows whether the call ${key} happened: ${error.message}`,
    { details: { key, error: isJsonObject(error) ? error : null } },
  )
}
