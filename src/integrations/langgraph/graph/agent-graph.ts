import type { Schema } from '../../../agents/index.ts'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import type { ErrorJson } from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'

/** What the nodes of a run share, and what conditions, transforms and handlers are given. JSON throughout. */
export interface AgentGraphState {
  /** The input, with every output that is an object laid over it, the latest on top. */
  readonly data: JsonObject
  /** The latest output of each node. */
  readonly outputs: JsonObject
  /** How often each node has ended. */
  readonly visits: { readonly [nodeId: string]: number }
  /** What happened, the last 500 entries. */
  readonly trace: readonly JsonObject[]
}

/** A node of a graph: one action of a registry agent. */
export interface AgentNode {
  /** `[A-Za-z][A-Za-z0-9_-]{0,62}` */
  readonly nodeId: string
  /** Type or id of the agent. */
  readonly agentType: string
  /** Default: the only action that the agent has. */
  readonly action?: string
  /** Laid over the agent's configuration for the node's calls. Default nothing. */
  readonly agentConfig?: NodeConfig
  /** Of what the agent is given. Defaults in it are applied; what it does not name is left out. Default anything. */
  readonly inputSchema?: Schema
  /** Of what the agent answers. Default anything. */
  readonly outputSchema?: Schema
}

/** What a node may lay over its agent's configuration. What belongs to the agent's place is refused. */
export interface NodeConfig {
  readonly resourceLimits?: {
    /** Of each call, under the agent's own. */
    readonly timeoutMs?: number
    /** Calls of this node at the same time, within the agent's own. */
    readonly maxConcurrent?: number
  }
}

/** A way from one node to another. All ways of a node that are open are taken at the same time. */
export interface AgentEdge {
  /** A node, or `__start__`; nodes that no edge leads to begin by themselves. */
  readonly fromNode: string
  /** A node, or `__end__`. */
  readonly toNode: string
  /** Whether the way is open; default always. */
  readonly condition?: (state: AgentGraphState, tda: TdaContext) => boolean | Promise<boolean>
  /** What the target is given; default `state.data`. */
  readonly transform?: (state: AgentGraphState, tda: TdaContext) => JsonValue | Promise<JsonValue>
  /** Runs the target once for each item, which it is given; then `transform` is not allowed. */
  readonly send?: (
    state: AgentGraphState,
    tda: TdaContext,
  ) => readonly JsonValue[] | Promise<readonly JsonValue[]>
}

/** By node: the ways that replace all that lead out of it. */
export interface RoutingLogic {
  readonly [fromNode: string]: readonly Omit<AgentEdge, 'fromNode'>[]
}

/** What a handler of errors says. */
export type ErrorDecision =
  /** Calls the agent again, with a key of its own; at most `graphRetriesMax` times in a visit of the node. */
  | { readonly kind: 'retry' }
  /** Goes to another node instead, or to `__end__`. */
  | { readonly kind: 'goto'; readonly node: string }
  /** Goes on as if the agent had answered this. */
  | { readonly kind: 'replace'; readonly output: JsonValue }
  /** The run fails, with this error or the one that was handled. */
  | { readonly kind: 'fail'; readonly message?: string }

/** What went wrong in a node. */
export interface NodeFailure {
  readonly nodeId: string
  readonly input: JsonValue
  readonly error: ErrorJson
  /** Calls of this visit so far. */
  readonly tries: number
}

export type ErrorHandler = (
  failure: NodeFailure,
  state: AgentGraphState,
  tda: TdaContext,
) => ErrorDecision | Promise<ErrorDecision>

/** By error code; `*` for every other one. */
export interface ErrorHandlers {
  readonly [code: string]: ErrorHandler
}

/** One version of a graph. A run keeps the one that it began with. */
export interface Topology {
  /** From 1. */
  readonly version: number
  readonly edges: readonly AgentEdge[]
  readonly handlers: ErrorHandlers
}

export const startNode = '__start__'
export const endNode = '__end__'

/** Entries of a trace; older ones are forgotten. */
export const traceMax = 500
