import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Resolution, StateEntry, WorkflowDocument } from '../../workflow/index.ts'
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
  /** A worker that has said nothing for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number
}

/** What a worker does for the executions of its task queue. */
export interface Activities {
  /** Null where the worker has no such agent or action. */
  contractOf(agent: string, action: string): Promise<ActionContract | null>
  /** Makes one attempt. It rejects only when the attempt is lost. */
  callAgent(call: RemoteCall): Promise<CallOutcome>
  lookUp(agent: string, action: string, idempotencyKey: string): Promise<LookupOutcome>
}

/** One attempt as it travels to a worker. */
export interface RemoteCall {
  readonly agent: string
  readonly action: string
  readonly call: Omit<AgentCall, 'chain' | 'memories' | 'mesh' | 'readState' | 'traceparent'>
  /** The state of the execution when the attempt began. */
  readonly entries: readonly StateEntry[]
}

/** A verb as an update carries it; its answer is whether it changed something. */
export type Verb =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonValue }
  | { readonly kind: 'resolve'; readonly step: string; readonly resolution: Resolution }
