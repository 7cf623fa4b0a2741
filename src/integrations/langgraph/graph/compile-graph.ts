import type { LangGraphRunnableConfig } from '@langchain/langgraph'
import { OrchestrationError } from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { LangGraph } from '../load.ts'
import type { CompiledGraph } from '../run/graph-run.ts'
import { callsOf } from '../run/graph-calls.ts'
import { type AgentGraphState, type Topology, traceMax } from './agent-graph.ts'
import { afterVisit, type GraphNode, type Hop, type Visit, waysOf } from './graph-node.ts'

/** The state as LangGraph keeps it. */
interface GraphChannels extends AgentGraphState {
  /** The version that the run began with. */
  readonly topology: number
  /** What the last way to each node gave it; null for the whole of `data`. */
  readonly inbox: JsonObject
}

/** What the nodes of a compiled graph ask of its owner. */
export interface GraphHost {
  /** @throws RefusedError for a version that is not known, as after a restart with another graph */
  topology(version: number): Topology
  /** The ways into the graph of a version. */
  entries(version: number): readonly string[]
  /** Tells of a way before it is taken. */
  onHop(hop: Hop & { readonly from: string; readonly key: string }): Promise<void>
}

const router = '__route__'

/**
 * The LangGraph graph of an agent graph: a router at the start and a node each, between which every way is
 * allowed; which ones there are is up to the topology of the run, so that it can change while others run.
 */
export function compileGraph(
  nodes: readonly GraphNode[],
  host: GraphHost,
  langGraph: LangGraph,
): CompiledGraph {
  const { Command, END, Send, START, StateGraph } = langGraph
  const channels = channelsOf(langGraph)
  const ids = nodes.map(({ node }) => node.nodeId)
  const follow = async (
    state: GraphChannels,
    of: { readonly from: string; readonly hops: readonly Hop[]; readonly update: object },
    config: LangGraphRunnableConfig,
  ) => {
    const inbox: Record<string, JsonValue> = {}
    const { key } = callsOf(config).parts
    for (const hop of of.hops) {
      if (!ids.includes(hop.to)) throw nowhere(of.from, hop.to, ids)
      await host.onHop({ ...hop, from: of.from, key })
      if (!hop.isSent) inbox[hop.to] = hop.input === undefined ? null : { input: hop.input }
    }
    // What is sent sees the state with what this node has written, and has its own input.
    const goto = of.hops.map(({ to, input, isSent }) =>
      isSent
        ? new Send(to, { ...state, trace: [], inbox: { [to]: { input: input ?? null } } })
        : to,
    )
    return new Command({ update: { ...of.update, inbox }, goto: goto as never })
  }
  const graph = new StateGraph(channels)
    .addNode(
      router,
      (async (state: GraphChannels, config: LangGraphRunnableConfig) => {
        const { edges } = host.topology(state.topology)
        const fromStart = edges.filter(({ fromNode }) => fromNode === '__start__')
        const calls = callsOf(config)
        const hops = (await calls.once(config, async () => {
          const ways = await waysOf(fromStart, state, calls.tda())
          const entries = host.entries(state.topology)
          const all = fromStart.length > 0 ? ways : entries.map((to) => ({ to, isSent: false }))
          return all as unknown as JsonValue
        })) as unknown as readonly Hop[]
        return follow(state, { from: router, hops, update: {} }, config)
      }) as never,
      { ends: ids },
    )
    .addEdge(START, router)
  for (const graphNode of nodes) {
    const { nodeId } = graphNode.node
    const run = async (state: GraphChannels, config: LangGraphRunnableConfig) => {
      const box = state.inbox[nodeId] as { readonly input: JsonValue } | null | undefined
      const topology = host.topology(state.topology)
      const visit = await graphNode.visit({ state, input: box?.input }, topology, config)
      const after = visit.isDone ? { ...state, ...afterVisit(state, nodeId, visit.output) } : state
      const update = updateOf(nodeId, visit)
      return follow(after, { from: nodeId, hops: visit.hops, update }, config)
    }
    graph.addNode(nodeId, run as never, { ends: [...ids, END] })
  }
  return graph.compile()
}

function channelsOf({ Annotation }: LangGraph) {
  const merged = () =>
    Annotation<JsonObject>({ reducer: (all, more) => ({ ...all, ...more }), default: () => ({}) })
  return Annotation.Root({
    data: merged(),
    outputs: merged(),
    inbox: merged(),
    visits: Annotation<Record<string, number>, readonly string[]>({
      reducer: (all, ids) => ids.reduce((sum, id) => ({ ...sum, [id]: (sum[id] ?? 0) + 1 }), all),
      default: () => ({}),
    }),
    trace: Annotation<readonly JsonObject[]>({
      reducer: (all, more) => [...all, ...more].slice(-traceMax),
      default: () => [],
    }),
    topology: Annotation<number>,
  })
}

/** Only an error handler can name a node that nobody has checked. */
function nowhere(from: string, to: string, ids: readonly string[]): OrchestrationError {
  const hint = nearestOrAll(to, ids)
  const message = `node '${from}' is to go on at '${to}', which is not there`
  return new OrchestrationError('RefusedError', message, hint === null ? {} : { hint })
}

function updateOf(nodeId: string, { isDone, output, trace }: Visit): object {
  if (!isDone) return { trace }
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output)
  return {
    trace,
    visits: [nodeId],
    outputs: { [nodeId]: output },
    ...(isObject ? { data: output } : {}),
  }
}
