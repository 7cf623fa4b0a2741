import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { PolicyData } from '../../semantic/index.ts'
import type { KernelEvent, Resolution, StateEntry, WorkflowDocument } from '../../workflow/index.ts'
import type { AgentCall } from '../../agents/index.ts'

/** The type of every Aura execution in Temporal, as its web page and `temporal workflow list` show it. */
export const workflowType = 'auraExecution'

/** What an execution is started with; all that its replays need beside its history. */
export interface ExecutionStart {
  readonly executionId: string
  /** The document it is pinned to: read and checked before. */
  readonly document: WorkflowDocument
  readonly documentHash: string
  readonly startHash: string
  readonly input: JsonObject
  /** Whose tenant it is; null for nobody's. */
  readonly tenant: string | null
  /** The document or its policy reads the TDA context. */
  readonly readsTda: boolean
  /** Decides for this execution, also after the engine has got another one; null for none. */
  readonly policy: PolicyData | null
  /** A worker that has said nothing for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number
}

/** What a worker does for the executions of its task queue. */
export interface Activities {
  /** Null where the worker has no such agent or action. */
  contractOf(agent: string, action: string): Promise<ActionContract | null>
  /** Makes one attempt. It rejects only when the attempt is lost. */
  callAgent(call: RemoteCall): Promise<CallOutcome>
  /** What the worker's TDA feed says now; unavailable where it has none. */
  getTdaContext(): Promise<TdaContext>
  /** Sends what events of an execution publish; resolves when all of it is accepted. */
  publish(published: Published): Promise<void>
  lookUp(agent: string, action: string, idempotencyKey: string): Promise<LookupOutcome>
}

/** One attempt as it travels to a worker. */
export interface RemoteCall {
  readonly agent: string
  readonly action: string
  readonly call: Omit<
    AgentCall,
    'chain' | 'tda' | 'memories' | 'mesh' | 'readState' | 'traceparent'
  >
  /** Whether the agent is told what the worker's TDA feed says. */
  readonly withTda: boolean
  /** The state of the execution when the attempt began. */
  readonly entries: readonly StateEntry[]
}

/** Events that publish something, as they were recorded together. */
export interface Published {
  readonly executionId: string
  readonly workflow: string
  readonly atMs: number
  readonly events: readonly KernelEvent[]
}

/** A verb as an update carries it; its answer is whether it changed something. */
export type Verb =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonValue }
  | { readonly kind: 'resolve'; readonly step: string; readonly resolution: Resolution }
