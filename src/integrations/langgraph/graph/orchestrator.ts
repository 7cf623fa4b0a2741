import type { AgentRegistry } from '../../../agents/index.ts'
import { readCloudEvent } from '../../../core/contracts/events.ts'
import type { FlagProvider } from '../../../core/contracts/flags.ts'
import { type TdaContextSource, unavailableTda } from '../../../core/contracts/tda.ts'
import { type ErrorJson, OrchestrationError } from '../../../core/errors.ts'
import { hashJson, type JsonObject, type JsonValue } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { EventMesh } from '../../../mesh/index.ts'
import type { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { loadLangGraph } from '../load.ts'
import { type CompiledGraph, runGraph, type StreamedMode } from '../run/graph-run.ts'
import { NodePlaces } from '../run/node-places.ts'
import { RunNotes } from '../run/notes.ts'
import { registryCalls } from '../run/registry-calls.ts'
import type {
  AgentEdge,
  AgentGraphState,
  AgentNode,
  ErrorHandlers,
  RoutingLogic,
  Topology,
} from './agent-graph.ts'
import { checkGraph, GraphProblems } from './check-graph.ts'
import { compileGraph, type GraphHost } from './compile-graph.ts'
import { GraphNode, type Hop } from './graph-node.ts'
import { entriesOf } from './graph-shape.ts'

/** The flag that must be on to change a live graph. */
export const topologyFlag = 'graph-topology-changes'

export interface LangGraphOrchestratorOptions {
  /** Started: the agents that nodes call. */
  readonly agents: AgentRegistry
  readonly saver: AuraCheckpointSaver
  /** Default: no feed, and every TDA context is unavailable. */
  readonly tda?: TdaContextSource
  /** Default: every flag is on. */
  readonly flags?: FlagProvider
  /** Where messages between nodes go for graphs that ask for it. */
  readonly mesh?: EventMesh
}

export interface CreateGraphOptions {
  /** Default follows from the nodes and edges, so that it is the same after a restart. */
  readonly graphId?: string
  /** Publishes every message between nodes on the mesh before it is taken; default false. */
  readonly messages?: boolean
}

export interface ExecuteGraphOptions {
  /** Names the run: one that exists goes on, one that has ended answers what it answered. */
  readonly runId: string
  /** Supersteps at most; default 25, LangGraph's own. */
  readonly maxSupersteps?: number
  /** The answer to what a waiting run asks. */
  readonly resumed?: { readonly data: JsonValue; readonly resumeToken: JsonValue }
  readonly signal?: AbortSignal
  readonly streamModes?: readonly StreamedMode[]
  /** Told each chunk of what LangGraph streams, as it comes. */
  readonly onChunk?: (mode: string, chunk: unknown) => void
}

/** How a run of a graph stands. No key is absent. */
export interface GraphRunView {
  readonly graphId: string
  readonly runId: string
  readonly status: 'completed' | 'failed' | 'waiting'
  /** Of a completed run; else null. */
  readonly state: AgentGraphState | null
  /** The topology that the run has; null unless it is completed. */
  readonly topology: number | null
  readonly error: ErrorJson | null
  /** Of a waiting run: the signal that it waits for, and the token to be given back with its data. */
  readonly waitsFor: { readonly signal: string; readonly resumeToken: JsonValue } | null
}

interface LiveGraph {
  readonly graphId: string
  readonly nodes: readonly AgentNode[]
  readonly topologies: Topology[]
  readonly compiled: CompiledGraph
  readonly places: NodePlaces
}

/**
 * Graphs of registry agents on LangGraph. A run is durable: it goes on after a crash under its id, and nodes
 * that are done are not repeated. A live graph can be given other routes and error handlers: that makes a new
 * version of its topology for runs that begin from then on; those that run keep theirs.
 *
 * Graphs hold functions, so a new process creates them anew, in the same way, before it goes on with runs.
 */
export class LangGraphOrchestrator {
  readonly #options: LangGraphOrchestratorOptions
  readonly #graphs = new Map<string, LiveGraph>()

  constructor(options: LangGraphOrchestratorOptions) {
    this.#options = options
  }

  /**
   * Makes a graph that can be executed.
   *
   * @returns its id
   * @throws DocumentError with every problem of nodes and edges; RefusedError for an id that is in use by another
   *   graph; UsageError when LangGraph is not installed, or messages are asked for and there is no mesh
   */
  async createAgentGraph(
    nodes: readonly AgentNode[],
    edges: readonly AgentEdge[],
    options: CreateGraphOptions = {},
  ): Promise<string> {
    const { agents, mesh } = this.#options
    checkGraph({ nodes, edges }, agents)
    if (options.messages === true && mesh === undefined)
      throw new OrchestrationError('UsageError', 'messages over the mesh need a mesh', {
        hint: 'give the orchestrator one: { mesh }',
      })
    const langGraph = await loadLangGraph()
    const graphId = options.graphId ?? `graph-${shapeHash(nodes, edges)}`
    if (this.#graphs.has(graphId))
      throw new OrchestrationError('RefusedError', `there is a graph '${graphId}' already`, {
        hint: 'change it by addConditionalRouting, or give this one another graphId',
      })
    const topologies: Topology[] = [{ version: 1, edges, handlers: {} }]
    const host: GraphHost = {
      topology: (version) => topologyOf(graphId, topologies, version),
      entries: (version) =>
        entriesOf({ nodes, edges: topologyOf(graphId, topologies, version).edges }),
      onHop: (hop) =>
        options.messages === true && mesh !== undefined
          ? mesh.publish(messageOf(graphId, hop))
          : Promise.resolve(),
    }
    const ready = nodes.map((node) => new GraphNode(node, actionOf(node, agents)))
    const compiled = compileGraph(ready, host, langGraph)
    const places = new NodePlaces()
    this.#graphs.set(graphId, { graphId, nodes, topologies, compiled, places })
    return graphId
  }

  /**
   * Executes a graph, or goes on with the run of that id.
   *
   * @throws NotFoundError for an unknown graph; StateConsistencyError when what is noted of the run is damaged.
   *   What else goes wrong is in the view
   */
  async executeGraph(
    graphId: string,
    input: JsonObject,
    options: ExecuteGraphOptions,
  ): Promise<GraphRunView> {
    const { saver, agents, tda } = this.#options
    const graph = this.#graph(graphId)
    const { runId, maxSupersteps = 25, resumed = null, ...rest } = options
    const key = `${graphId}/${runId}`
    const now = () => tda?.current() ?? unavailableTda
    const notes = await RunNotes.open(saver, `${key}#calls`)
    const call = registryCalls({
      agents,
      notes,
      executionId: runId,
      tda: now,
      places: graph.places,
    })
    const outcome = await runGraph({
      ...rest,
      graph: graph.compiled,
      key,
      input: { data: input, topology: graph.topologies.length },
      saver,
      call,
      tda: now,
      resumed,
      maxSupersteps: maxSupersteps + 1, // the router's
    })
    const none = { graphId, runId, state: null, topology: null, error: null, waitsFor: null }
    if (outcome.kind === 'suspended') {
      const { signal, resumeToken } = outcome
      return { ...none, status: 'waiting', waitsFor: { signal, resumeToken } }
    }
    if (outcome.kind !== 'completed') return { ...none, status: 'failed', error: outcome.error }
    await saver.deleteThread(`${key}#calls`)
    const { topology, ...state } = outcome.output as unknown as AgentGraphState & {
      readonly topology: number
    }
    const { data, outputs, visits, trace } = state
    return { ...none, status: 'completed', state: { data, outputs, visits, trace }, topology }
  }

  /**
   * Replaces the ways out of the named nodes, for runs that begin from now on.
   *
   * @returns true
   * @throws FeatureDisabledError while the flag `graph-topology-changes` is off; DocumentError with every problem
   *   of the graph that it would make; NotFoundError for an unknown graph
   */
  async addConditionalRouting(graphId: string, routing: RoutingLogic): Promise<boolean> {
    const graph = this.#graph(graphId)
    this.#checkFlag(graph)
    const newest = newestOf(graph)
    const kept = newest.edges.filter(({ fromNode }) => !Object.hasOwn(routing, fromNode))
    const added = Object.entries(routing).flatMap(([fromNode, ways]) =>
      ways.map((way) => ({ ...way, fromNode })),
    )
    const edges = [...kept, ...added]
    checkGraph({ nodes: graph.nodes, edges }, this.#options.agents)
    graph.topologies.push({ ...newest, version: newest.version + 1, edges })
    return true
  }

  /**
   * Chooses what happens when a node fails, by the error's code or `*`, for runs that begin from now on. What a
   * handler says is on disk before it is obeyed, and in the run's trace.
   *
   * @returns true
   * @throws FeatureDisabledError, NotFoundError as `addConditionalRouting`; DocumentError for handlers that are
   *   no functions
   */
  async handleGraphErrors(graphId: string, handlers: ErrorHandlers): Promise<boolean> {
    const graph = this.#graph(graphId)
    this.#checkFlag(graph)
    const problems = new GraphProblems()
    for (const [code, handler] of Object.entries(handlers))
      if (typeof handler !== 'function')
        problems.add(code, 'a handler is a function', "it returns { kind: 'retry' } and the like")
    problems.throwAll()
    const newest = newestOf(graph)
    graph.topologies.push({
      ...newest,
      version: newest.version + 1,
      handlers: { ...newest.handlers, ...handlers },
    })
    return true
  }

  #graph(graphId: string): LiveGraph {
    const graph = this.#graphs.get(graphId)
    if (graph !== undefined) return graph
    const hint = nearestOrAll(graphId, [...this.#graphs.keys()])
    const known = hint === null ? {} : { hint }
    throw new OrchestrationError('NotFoundError', `there is no graph '${graphId}'`, known)
  }

  #checkFlag({ graphId }: LiveGraph): void {
    const { flags } = this.#options
    if (flags?.isOn(topologyFlag, { executionId: graphId, workflow: graphId }) !== false) return
    throw new OrchestrationError(
      'FeatureDisabledError',
      `the flag '${topologyFlag}' is off: the topology of '${graphId}' stays as it is`,
      { hint: 'switch the flag on, then change the graph again' },
    )
  }
}

function newestOf({ topologies }: LiveGraph): Topology {
  return topologies.at(-1) as Topology
}

function topologyOf(graphId: string, topologies: readonly Topology[], version: number): Topology {
  const found = topologies[version - 1]
  if (found !== undefined) return found
  throw new OrchestrationError(
    'RefusedError',
    `the run has topology ${version} of '${graphId}', which has ${topologies.length}`,
    { hint: 'make the same changes to the graph as the process did that began the run' },
  )
}

function actionOf(node: AgentNode, agents: AgentRegistry): string {
  return node.action ?? agents.resolve(node.agentType)?.actions[0] ?? ''
}

/** Functions count only by being there. */
function shapeHash(nodes: readonly AgentNode[], edges: readonly AgentEdge[]): string {
  const shape = {
    nodes: nodes.map(({ nodeId, agentType, action }) => [nodeId, agentType, action ?? null]),
    edges: edges.map((edge) => [
      edge.fromNode,
      edge.toNode,
      ...[edge.condition, edge.transform, edge.send].map((part) => part !== undefined),
    ]),
  }
  return hashJson(shape).slice(0, 12)
}

function messageOf(graphId: string, hop: Hop & { readonly from: string; readonly key: string }) {
  const { from, to, input = null, key } = hop
  const id = hashJson([key, from, to, input]).slice(0, 32)
  return readCloudEvent({
    id,
    source: `/graphs/${key}`,
    type: 'aura.graph.message',
    subject: to,
    data: { graphId, from, to, input },
  })
}
