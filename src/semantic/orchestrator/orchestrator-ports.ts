import type { CloudEvent } from '../../core/contracts/events.ts'
import type { PatternName } from '../../core/contracts/pattern.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { JsonObject } from '../../core/json.ts'
import type { AdaptationChange, PolicyAdviser, WorkflowData } from '../../workflow/index.ts'
import type { Coordination } from '../matcher/coordination.ts'
import type { SemanticEvent } from '../matcher/semantic-event.ts'
import type { SemanticAnalysis } from '../matcher/semantic-pattern-matcher.ts'
import type { RouteTask } from '../router/route-decision.ts'

/** What an orchestrator needs of an engine; any `WorkflowEngine` has it. */
export interface OrchestratorEngine {
  /** The policy that its executions obey; null or absent without one. */
  readonly policies?: PolicyAdviser | null
  startWorkflow(
    workflowId: string,
    document: WorkflowData,
    options: {
      readonly executionId: string
      readonly input: JsonObject
      readonly event: CloudEvent
    },
  ): Promise<string>
  /** @throws NotFoundError for an unknown id */
  getExecution(executionId: string): Promise<{ readonly status: string }>
  adapt(
    executionId: string,
    request: AdaptationChange & {
      readonly id: string
      readonly because: string
      readonly cause: JsonObject
    },
  ): Promise<{ readonly adaptationId: string }>
}

/** Which open executions are meant. */
export interface ExecutionQuery {
  readonly workflow?: string
  /** Pairs that the documents' metadata have. */
  readonly metadata?: { readonly [key: string]: string }
}

/** Ids of executions that have not ended. */
export type FindExecutions = (query: ExecutionQuery) => readonly string[]

/** An agent as far as choosing needs to know it. */
export interface OrchestratedAgent {
  readonly id: string
  readonly actions: readonly string[]
}

/** Chooses agents by meaning; `SemanticRouter` is one. `agent` is null or absent where nobody fits. */
export interface TaskRouter {
  route(task: RouteTask): Promise<{
    readonly agent?: string | null
    /** The likeliest first. */
    readonly runnersUp: readonly { readonly agent: string }[]
  }>
}

/** What an advisor or a policy makes of an event before anything is done about it. */
export interface Advice {
  /** Instead of what the strategy choice came to. */
  readonly pattern?: PatternName
  /** So many votes or answers at least. */
  readonly quorum?: number
  /** The only agents that may be chosen. */
  readonly agents?: readonly string[]
  /** For executions that are adapted. */
  readonly maxParallel?: number
  /** Of an adaptation that names a step: a signal to wait for before it. */
  readonly approval?: true | string
  /** Executions that are adapted are paused. */
  readonly pause?: true
}

/** Advises on every event, before it is acted upon. Must be quick; what it throws fails the event. */
export interface Advisor {
  /** @returns null to leave everything as it is */
  advise(question: {
    readonly event: SemanticEvent
    readonly analysis: SemanticAnalysis
    readonly tda: TdaContext
    readonly strategy: Coordination
    /** Events that are being handled, this one among them. */
    readonly load: number
  }): Advice | null
}

/** A semantic event and how it came. */
export interface ReceivedEvent {
  readonly event: Required<SemanticEvent>
  /** As it came: what policies read. */
  readonly origin: CloudEvent
}
