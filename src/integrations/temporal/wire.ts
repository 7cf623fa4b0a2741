import type { BudgetLeft } from '../../core/contracts/budget.ts'
import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import type { StateWrite } from '../../core/contracts/state.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AdaptationRequest, LogEntry, RunView } from '../../engine/index.ts'
import type { Usage } from '../../core/usage.ts'
import type { PolicyData } from '../../semantic/index.ts'
import type {
  ChildEnd,
  KernelEvent,
  Origin,
  Resolution,
  Slot,
  StateEntry,
  Stimulus,
  WorkflowDocument,
} from '../../workflow/index.ts'
import type { BudgetAmount } from '../../state/index.ts'
import type { AgentCall } from '../../agents/index.ts'

/** The type of every Aura execution in Temporal, as its web page and `temporal workflow list` show it. */
export const workflowType = 'auraExecution'

/** A worker that has said nothing for so long is taken for dead, where nobody says otherwise. */
export const defaultHeartbeatTimeoutMs = 10_000

/** What an execution is started with; all that its replays need beside its history. */
export interface ExecutionStart {
  readonly executionId: string
  /** The document it is pinned to: read and checked before. */
  readonly document: WorkflowDocument
  readonly documentHash: string
  readonly startHash: string
  readonly input: JsonObject
  /** Whose step it is, what it forks, its tenant, flags and pins. */
  readonly origin: Origin
  /** Documents of all sub-workflows that its tree may start, by hash. */
  readonly documents: { readonly [hash: string]: WorkflowDocument }
  /** The document or its policy reads the TDA context. */
  readonly readsTda: boolean
  /** Decides for this execution, also after the engine has got another one; null for none. */
  readonly policy: PolicyData | null
  /** A worker that has said nothing for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number
  /** After so many events of its history a run is followed by a new one; null for when Temporal suggests it. */
  readonly historyEventsMax: number | null
  /** What is too large for Temporal is kept elsewhere, so that a new run may be handed more. Absent: it is not. */
  readonly hasPayloadStore?: boolean
  /** What its earlier runs in Temporal have decided; null for a first one. */
  readonly earlier: Earlier | null
}

/**
 * The answer to a question, which nobody keeps; a payload that begins so is known by it (`answerMark`).
 */
export interface Asked<Answer> {
  readonly asked: Answer
}

/** How the JSON of an answer begins. */
export const answerMark = '{"asked":'

/** An execution as Temporal is told of it, at its end too. */
export interface EndedRun extends RunView {
  /** Of one that was made inside a call. */
  readonly used?: Usage
  /** What its steps made is more than Temporal takes at once: its events have it. Absent: everything is here. */
  readonly isCut?: true
}

/** Events of an execution, oldest first: as many as one answer takes. */
export interface LogPage {
  readonly entries: readonly LogEntry[]
  readonly isLast: boolean
}

/** What every execution of a document is started with. */
export type PreparedStart = Omit<ExecutionStart, 'executionId' | 'startHash' | 'input'>

/** The type of what keeps the places under a key of `concurrency`. */
export const slotKeeperType = 'auraSlots'

/** A request for a place under a key. */
export interface SlotAsked {
  /** Of this request. */
  readonly id: string
  readonly executionId: string
  /** Whose turn it takes among those who wait. */
  readonly owner: string
  readonly slot: Slot
}

/** What an execution tells a keeper: it asks for a place, or gives it back, or waits for it no longer. */
export type SlotMessage =
  | ({ readonly kind: 'ask' } & SlotAsked)
  | { readonly kind: 'leave'; readonly id: string; readonly key: string }

/** What it answers. */
export interface SlotTold {
  readonly id: string
  readonly key: string
  readonly answer: 'granted' | 'full'
}

/** What one run of a keeper hands on to the next. */
export interface SlotsKept {
  readonly holding: readonly SlotAsked[]
  /** In the order in which they asked. */
  readonly waiting: readonly SlotAsked[]
}

/** The type of what a schedule starts in Temporal, which starts the execution. */
export const scheduledStartType = 'auraScheduledStart'

/** A schedule trigger, as a schedule in Temporal knows it. */
export interface ScheduledStart {
  /** Of the execution's id, which the scheduled time in milliseconds ends. */
  readonly prefix: string
  /** The trigger's input, a template. */
  readonly input: JsonObject
  readonly inputReadsTda: boolean
  /** A time that nobody came to start so long is left out. */
  readonly lateMsMax: number
  readonly start: PreparedStart
  /** The task queues of the installation, in the order of their shards. */
  readonly taskQueues: readonly string[]
}

/** What came of a scheduled time. `late`: it was left out. */
export interface ScheduledEnd {
  readonly executionId: string
  readonly outcome: 'started' | 'existed' | 'late' | 'refused'
  /** Why it was refused. */
  readonly error: ErrorJson | null
}

/** What one run of an execution hands on to the next. */
export interface Earlier {
  readonly startedAtMs: number
  /** All events, as the kernel packs them. */
  readonly rows: readonly string[]
  /** What the new run begins with. */
  readonly first: readonly Stimulus[]
}

/** What a worker does for the executions of its task queue. */
export interface Activities {
  /** Null where the worker has no such agent or action. */
  contractOf(agent: string, action: string, tenant?: string | null): Promise<KnownContract | null>
  /** Reserves the most that a call may use of the budgets of its agent and its tenant. A repeat of a charge changes nothing. */
  charge(asked: ChargeAsked): Promise<ChargeAnswer>
  /** Replaces what a charge has reserved by what was used. A repeat changes nothing. */
  settle(chargeId: string, used: BudgetAmount): Promise<void>
  /** Tells the keepers of these keys, in this order; they answer by signals. A repeat changes nothing. */
  tellKeepers(messages: readonly SlotMessage[]): Promise<void>
  /** Which of these executions Temporal runs no more. */
  endedOf(executionIds: readonly string[]): Promise<readonly string[]>
  /** Makes one attempt. It rejects only when the attempt is lost. Null where the worker has no such agent: nobody was called. */
  callAgent(call: RemoteCall): Promise<CallOutcome | null>
  /** What the worker's TDA feed says now; unavailable where it has none. */
  getTdaContext(): Promise<TdaContext>
  /** Null where the worker has no such agent. */
  lookUp(agent: string, action: string, idempotencyKey: string): Promise<LookupOutcome | null>
  /** Sends what an event publishes; tried again until it is taken. */
  publish(published: Published): Promise<void>
  /** Asked when the sub-workflow exists already. Null when its end is told later. */
  reviveChild(asked: ChildAsked): Promise<ChildEnd | null>
  /** Has the sub-workflow undone; null when its end is told later. */
  undoChild(asked: ChildAsked): Promise<ChildEnd | null>
  /** What these executions and their sub-workflows did that nothing undoes, as `<execution>/<call>`. */
  effectsOf(executionIds: readonly string[]): Promise<readonly string[]>
}

export interface KnownContract extends ActionContract {
  /** Calls of it spend the budget of its agent or their tenant. Absent: they do not. */
  readonly isAccounted?: true
}

/** What a call is to reserve of the budgets of its agent and its tenant. */
export interface ChargeAsked {
  readonly chargeId: string
  readonly agentId: string
  readonly tenant: string | null
  /** Ids of the agents that are being called above it. */
  readonly chain: readonly string[]
  readonly most: BudgetAmount
}

/** What is left is told with the call's own reservation; null is any amount. */
export type ChargeAnswer =
  | ({ readonly kind: 'granted' } & Omit<BudgetLeft, 'agentCallsLeft'>)
  /** Too little is left now, and calls under way may give something back. */
  | { readonly kind: 'waits' }
  | { readonly kind: 'exceeded'; readonly error: ErrorJson }

/** A sub-workflow as its parent asks for it. */
export interface ChildAsked {
  readonly executionId: string
  readonly parentId: string
  readonly token: number
}

/** The end of a sub-workflow as it is signalled to its parent. */
export interface ChildTold {
  readonly executionId: string
  readonly end: ChildEnd
}

/** One attempt as it travels to a worker. */
export interface RemoteCall {
  readonly agent: string
  readonly action: string
  readonly call: Omit<
    AgentCall,
    'chain' | 'tda' | 'memories' | 'mesh' | 'caller' | 'readState' | 'traceparent'
  >
  /** Ids of the agents that are being called above it, the outermost first. Absent: none. */
  readonly chain?: readonly string[]
  /** Whose turn it takes where calls wait for the agent. Absent: that of its execution. */
  readonly owner?: string
  /** Whether the agent is told what the worker's TDA feed says. */
  readonly withTda: boolean
  /** The state of the execution when the attempt began. */
  readonly entries: readonly StateEntry[]
}

/** An event that publishes something, with what is told of whom. */
export interface Published {
  readonly executionId: string
  readonly workflow: string
  readonly atMs: number
  readonly event: KernelEvent
}

/** What an operator may ask of an execution. */
export type Verb =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'undo' }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonValue }
  | { readonly kind: 'resolve'; readonly step: string; readonly resolution: Resolution }
  | { readonly kind: 'checkpoint'; readonly label: string | null }
  | {
      readonly kind: 'rollback'
      readonly to: string
      readonly acceptEffects: boolean
      readonly effectsBelow: readonly string[]
    }
  | {
      readonly kind: 'adapt'
      readonly request: AdaptationRequest
      readonly flags: Readonly<Record<string, boolean>> | null
    }
  | { readonly kind: 'revertAdaptation'; readonly id: string; readonly because: string }
  | { readonly kind: 'write'; readonly write: StateWrite }
  | { readonly kind: 'delete'; readonly write: StateWrite }
  | { readonly kind: 'redrive'; readonly id: string }
  | { readonly kind: 'discard'; readonly id: string }
