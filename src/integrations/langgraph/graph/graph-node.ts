import type { RunnableConfig } from '@langchain/core/runnables'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import {
  type ErrorCode,
  type ErrorJson,
  fromErrorJson,
  OrchestrationError,
  toErrorJson,
} from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import { limits } from '../../../core/limits.ts'
import { own } from '../../../core/own.ts'
import { callsOf, type GraphCalls } from '../run/graph-calls.ts'
import type {
  AgentEdge,
  AgentGraphState,
  AgentNode,
  ErrorDecision,
  Topology,
} from './agent-graph.ts'
import { compileNodeSchema, type NodeSchema } from './node-schema.ts'

/** A way that is taken: to which node, and with what; `isSent` for one of several runs of it. */
export interface Hop {
  readonly to: string
  readonly input: JsonValue | undefined
  readonly isSent: boolean
}

/** What a visit of a node comes to. */
export interface Visit {
  readonly output: JsonValue
  /** False when an error handler went to another node instead. */
  readonly isDone: boolean
  readonly hops: readonly Hop[]
  readonly trace: readonly JsonObject[]
}

/** A node of an agent graph, made ready. */
export class GraphNode {
  readonly node: AgentNode
  readonly #input: NodeSchema
  readonly #output: NodeSchema
  readonly #action: string

  constructor(node: AgentNode, action: string) {
    this.node = node
    this.#action = action
    this.#input = compileNodeSchema(node.inputSchema)
    this.#output = compileNodeSchema(node.outputSchema)
  }

  /** Calls the agent, handles its errors and finds the ways that are taken. */
  async visit(
    given: { readonly state: AgentGraphState; readonly input: JsonValue | undefined },
    topology: Topology,
    config: RunnableConfig,
  ): Promise<Visit> {
    const calls = callsOf(config)
    const { nodeId } = this.node
    const input = given.input ?? given.state.data
    const trace: JsonObject[] = []
    for (let tries = 1; ; tries++) {
      const end = await this.#call(input, calls, config)
      if (end.isOk) {
        trace.push({ kind: 'node', nodeId, topology: topology.version, tries })
        return this.#done(given.state, end.output, { topology, calls, config, trace })
      }
      const failure = { nodeId, input, error: end.error, tries }
      const decision = await decide(failure, { state: given.state, topology, calls, config })
      trace.push({
        kind: 'error',
        nodeId,
        code: end.error.code,
        tries,
        decision,
      })
      switch (decision.kind) {
        case 'retry':
          continue
        case 'replace':
          return this.#done(given.state, decision.output, { topology, calls, config, trace })
        case 'goto': {
          const hops = decision.node === '__end__' ? [] : [hopTo(decision.node)]
          return { output: null, isDone: false, hops, trace }
        }
        case 'fail':
          throw failed(end.error, decision.message)
      }
    }
  }

  async #call(
    given: JsonValue,
    calls: GraphCalls,
    config: RunnableConfig,
  ): Promise<{ isOk: true; output: JsonValue } | { isOk: false; error: ErrorJson }> {
    const { nodeId, agentType: agent, agentConfig } = this.node
    const input = await this.#input.check(given)
    if (!input.ok) return refused('AgentInputError', `input of node '${nodeId}'`, input.message)
    const settings = { ...agentConfig?.resourceLimits, place: nodeId }
    const request = { agent, action: this.#action, input: input.value as JsonValue, settings }
    const end = await calls.make(config, request)
    if (!end.isOk) return end
    const output = await this.#output.check(end.output)
    if (!output.ok) return refused('AgentOutputError', `output of node '${nodeId}'`, output.message)
    return { isOk: true, output: output.value as JsonValue }
  }

  async #done(
    before: AgentGraphState,
    output: JsonValue,
    of: {
      readonly topology: Topology
      readonly calls: GraphCalls
      readonly config: RunnableConfig
      readonly trace: JsonObject[]
    },
  ): Promise<Visit> {
    const { nodeId } = this.node
    const state = afterVisit(before, nodeId, output)
    const edges = of.topology.edges.filter((edge) => edge.fromNode === nodeId)
    // On disk before they are taken: a condition need not say the same again after a crash.
    const hops = await of.calls.once(of.config, async () => {
      return (await waysOf(edges, state, of.calls.tda())) as unknown as JsonValue
    })
    return { output, isDone: true, hops: hops as unknown as readonly Hop[], trace: of.trace }
  }
}

/** The ways that are open. @throws what a condition or a transform throws */
export async function waysOf(
  edges: readonly AgentEdge[],
  state: AgentGraphState,
  tda: TdaContext,
): Promise<readonly Hop[]> {
  const hops: Hop[] = []
  for (const { toNode: to, condition, transform, send } of edges) {
    if (condition !== undefined && !(await condition(state, tda))) continue
    if (to === '__end__') continue
    if (send === undefined) {
      const input = transform === undefined ? undefined : await transform(state, tda)
      hops.push({ ...hopTo(to), ...(input === undefined ? {} : { input }) })
    } else for (const input of await send(state, tda)) hops.push({ to, input, isSent: true })
  }
  return hops
}

/** The state as it is once a node has answered. */
export function afterVisit(
  state: AgentGraphState,
  nodeId: string,
  output: JsonValue,
): AgentGraphState {
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output)
  return {
    ...state,
    data: isObject ? { ...state.data, ...(output as JsonObject) } : state.data,
    outputs: { ...state.outputs, [nodeId]: output },
    visits: { ...state.visits, [nodeId]: (state.visits[nodeId] ?? 0) + 1 },
  }
}

async function decide(
  failure: { nodeId: string; input: JsonValue; error: ErrorJson; tries: number },
  of: {
    readonly state: AgentGraphState
    readonly topology: Topology
    readonly calls: GraphCalls
    readonly config: RunnableConfig
  },
): Promise<ErrorDecision> {
  const { handlers } = of.topology
  const { code } = failure.error
  const handler = own(handlers, code) ?? handlers['*']
  if (handler === undefined) return { kind: 'fail' }
  const decided = await of.calls.once(of.config, async () => {
    const decision = await handler(failure, of.state, of.calls.tda())
    const isOver = decision.kind === 'retry' && failure.tries > limits.graphRetriesMax
    const message = `${failure.error.message} (after ${limits.graphRetriesMax} retries, graphRetriesMax)`
    return isOver ? { kind: 'fail', message } : decision
  })
  return decided as unknown as ErrorDecision
}

function hopTo(to: string): Hop {
  return { to, input: undefined, isSent: false }
}

function refused(
  code: ErrorCode,
  what: string,
  why: string,
): { readonly isOk: false; readonly error: ErrorJson } {
  const error = new OrchestrationError(code, `${what} is refused by its schema: ${why}`)
  return { isOk: false, error: toErrorJson(error) }
}

function failed(error: ErrorJson, message: string | undefined): OrchestrationError {
  return fromErrorJson(message === undefined ? error : { ...error, message })
}
