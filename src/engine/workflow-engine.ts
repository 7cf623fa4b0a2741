import type { ErrorJson } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import type { KernelEvent, Resolution, WorkflowData, WorkflowStep } from '../workflow/index.ts'
import type { AdaptationRequest } from './adaptation-request.ts'
import type { RollbackOptions, WorkflowState } from './workflow-state.ts'

/** One execution as `aura run` prints it. No key is ever absent. */
export interface RunView {
  readonly executionId: string
  readonly workflow: string
  readonly version: string
  readonly status: string
  readonly output: JsonValue
  readonly error: ErrorJson | null
  readonly degraded: readonly Degradation[]
  readonly steps: { readonly [stepId: string]: StepRunView }
}

export interface Degradation {
  /** Null when the TDA feed is what is missing. */
  readonly stepId: string | null
  readonly from: string
  readonly to: string
  readonly because: string
}

export interface StepRunView {
  readonly status: string
  /** With `forEach` the sum over all items. */
  readonly attempts: number
  readonly output: JsonValue
  readonly error: JsonValue
  readonly degraded: { readonly from: string; readonly to: string; readonly because: string } | null
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
}

/** One execution as `aura show` prints it: the run and what operators ask next. */
export interface ShowView extends RunView {
  readonly currentSteps: readonly string[]
  readonly checkpoints: readonly CheckpointView[]
  /** Also those that were reverted, oldest first; absent where it was never adapted. */
  readonly adaptations?: readonly AdaptationView[]
  readonly progress: ProgressView
  readonly metrics: MetricsView
  readonly errorLog: readonly ErrorLogEntry[]
  readonly steps: { readonly [stepId: string]: StepShowView }
}

/** A change that was made to the execution while it ran. */
export interface AdaptationView {
  readonly adaptationId: string
  readonly because: string
  /** What became of each step that it concerned; null for what stayed. */
  readonly changes: readonly {
    readonly stepId: string
    readonly pattern: string | null
    readonly maxParallel: number | null
    readonly agent: string | null
    /** The signal that approves the step. */
    readonly approval: string | null
  }[]
  readonly pause: boolean
  readonly cause: JsonObject | null
  /** What the TDA feed said then: correlation, window, severity; null while it was silent. */
  readonly tda: JsonObject | null
  readonly atMs: number
  readonly isReverted: boolean
}

export interface StepShowView extends StepRunView {
  /** Per item of a `forEach`; null without one. */
  readonly items: readonly ItemView[] | null
}

export interface ItemView {
  readonly index: number
  readonly status: string
  readonly attempt: number
  readonly error: ErrorJson | null
}

/** A position in the journal to go back to. */
export interface CheckpointView {
  readonly checkpointId: string
  /** The execution. */
  readonly workflowId: string
  /** The step whose completion made it; null when it was taken by the verb or by an anomaly. */
  readonly stepId: string | null
  /** The step's `checkpoint`, or the label that the verb gave. */
  readonly label: string | null
  readonly reason: 'start' | 'completion' | 'verb' | 'anomaly'
  /** The state of the execution there, by key; null where a view would hold more than 10,000 values. */
  readonly stateSnapshot: JsonObject | null
  /** The same as `atMs`. */
  readonly timestampMs: number
  readonly metadata: JsonObject
  readonly atMs: number
}

export interface ProgressView {
  readonly status: string
  readonly completed: number
  readonly total: number
  readonly percent: number
  readonly currentSteps: readonly string[]
  /** Rough time left from the pace so far; null when nothing is known. */
  readonly etaMs: number | null
}

export interface MetricsView {
  readonly attempts: number
  readonly retries: number
  readonly queueMs: number
  readonly runMs: number
  /** Used by all calls, compensations and ended sub-workflows included; of running ones what they have reserved. */
  readonly tokens: number
  readonly costUsd: number
  readonly journalBytes: number
}

export interface ErrorLogEntry {
  readonly stepId: string | null
  readonly attempt: number | null
  readonly code: string
  readonly message: string
  readonly atMs: number
  readonly correlationId: string
  readonly traceId: string | null
}

/** One recorded event as `aura logs` prints it. */
export interface LogEntry {
  readonly executionId: string
  readonly seq: number
  readonly atMs: number
  readonly event: KernelEvent
}

/** Something an agent reports while it works; not journalled. */
export interface ProgressNote {
  readonly executionId: string
  readonly stepId: string
  readonly index: number | null
  readonly fraction: number
  readonly note: string | null
}

export interface ExecuteOptions {
  readonly input?: JsonObject
  /** Default a new one. One that exists is attached to and continued. */
  readonly executionId?: string
  /** Documents among which sub-workflows are looked for, before the registered ones. Default none. */
  readonly workflows?: readonly WorkflowData[]
  /** Why it is started, for the rules of policies; recorded only where there is one. Default: for no event. */
  readonly event?: CloudEvent
}

/**
 * Runs workflows durably. What a method has resolved for survives kill -9. Every method rejects with
 * NotFoundError for an unknown execution id.
 */
export interface WorkflowEngine extends WorkflowState {
  /**
   * Starts an execution, or attaches to the one of that id, and resolves when it has ended, also when it
   * failed or was cancelled.
   *
   * @param workflowId the definition's name; names the definition where `work` is a list of steps
   * @throws DocumentError, InputError, FeatureDisabledError, ResourceExhaustionError (admission), UsageError
   *   (the id belongs to another document or input)
   */
  executeWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options?: ExecuteOptions,
  ): Promise<RunView>
  /** As `executeWorkflow`, but resolves with the execution id as soon as the start is durable. */
  startWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options?: ExecuteOptions,
  ): Promise<string>
  /** Resolves when the execution has ended; drives it if nobody does. */
  continueWorkflow(executionId: string): Promise<RunView>
  /** True when the status changed; false when it was paused already or has ended. Starts are withheld, what runs finishes. */
  pauseWorkflow(executionId: string): Promise<boolean>
  resumeWorkflow(executionId: string): Promise<boolean>
  cancelWorkflow(executionId: string): Promise<boolean>
  /**
   * Hands a signal to whoever waits for it; an early one is kept.
   *
   * @throws RefusedError when the execution has ended, InputError when a suspended call's schema refuses
   *   the data, ResourceExhaustionError over `earlySignalsMax`
   */
  signal(executionId: string, name: string, data: JsonValue): Promise<void>
  /** @throws RefusedError when the step is not uncertain; NotFoundError for an unknown step */
  resolve(executionId: string, step: string, resolution: Resolution): Promise<void>
  /**
   * Changes a running execution within what its document's `adaptation` declares: steps that have not started,
   * and how many items of a running `forEach` run at a time. Recorded as one event with its reason; a rollback
   * leaves it in force. Resolves when it is durable; an id that exists changes nothing and gives what it names.
   *
   * @throws RefusedError outside of the bounds, when the step has started or the execution does not go forward;
   *   FeatureDisabledError while the flag `workflow-adaptation` is off; NotFoundError for an unknown step;
   *   InputError for a change that is none
   */
  adapt(executionId: string, request: AdaptationRequest): Promise<AdaptationView>
  /**
   * Takes an adaptation back for the steps that have not started. An approval that is waited for because of it
   * is not waited for any more, and an execution that it paused goes on.
   *
   * @returns false when it was reverted before
   * @throws NotFoundError for an unknown adaptation; RefusedError when the execution does not go forward
   */
  revertAdaptation(executionId: string, adaptationId: string, because: string): Promise<boolean>
  getExecution(executionId: string): Promise<ShowView>
  /** Takes a checkpoint at the present position. @throws RefusedError when the execution has ended */
  checkpoint(executionId: string, label?: string): Promise<CheckpointView>
  /**
   * Goes back: what was decided after the checkpoint is undone, last first, and decided anew with a
   * higher run. Resolves when the request is durable.
   *
   * @param to a checkpoint's id, a label, a step id, `lastCheckpoint`, `lastHealthy` or `start`
   * @returns false when the execution already goes back to that checkpoint
   * @throws NotFoundError for an unknown checkpoint; RefusedError when the execution is completed or
   *   cancelled, when no anomaly is in force (`lastHealthy`), or when effects would remain that nothing
   *   undoes (their calls in `details.effects`)
   */
  rollback(executionId: string, to: string, options?: RollbackOptions): Promise<boolean>
  /**
   * Starts a new execution with the state that this one had at the checkpoint.
   *
   * @param from as `to` of `rollback`
   * @returns the id of the new execution
   * @throws RefusedError when another document does not have the settled steps, with the same kinds
   */
  fork(executionId: string, from: string, options?: ForkOptions): Promise<string>
  /**
   * Tries a dead letter again: a failed execution goes on where it failed, a failed compensation is
   * called again.
   *
   * @param id of a dead letter, or of an execution for its own
   * @throws NotFoundError when there is no such open dead letter
   */
  redrive(id: string): Promise<void>
  /** Closes a dead letter without doing anything. @throws NotFoundError when there is no such open one */
  discard(id: string): Promise<void>
  /** Open dead letters, oldest first. */
  deadLetters(filter?: DeadLetterFilter): Promise<readonly DeadLetterView[]>
  /** Makes a document known: its triggers fire, and sub-workflows find it. @throws DocumentError */
  registerWorkflow(document: WorkflowData): Promise<void>
  /**
   * Hands an event to the triggers of the highest version of every known workflow. What it starts is
   * durable when this resolves; a repeat starts nothing.
   *
   * @returns the ids of the executions that it started
   * @throws ResourceExhaustionError when a start was refused by admission: deliver the event again
   */
  deliver(event: CloudEvent): Promise<readonly string[]>
  /** Tells each event after it is durable, and each progress note. Returns a function that ends it. */
  subscribe(listener: EngineListener): () => void
  /** Stops driving, leaves every execution as recorded and releases the file. */
  close(): Promise<void>
}

export interface ForkOptions {
  /** Default: the document of the execution. */
  readonly document?: WorkflowData
  /** Default a new one. */
  readonly executionId?: string
}

/** Something that nobody will try again by itself. */
export interface DeadLetterView {
  /** `<executionId>` for a failed execution, `<executionId>/<call>/compensate` for a failed compensation. */
  readonly id: string
  readonly executionId: string
  /** The step that failed; null when none did. */
  readonly stepId: string | null
  readonly error: ErrorJson
  readonly atMs: number
}

export interface DeadLetterFilter {
  readonly executionId?: string
  readonly workflow?: string
  /** Default 1,000. */
  readonly limit?: number
}

export interface EngineListener {
  onEvent?(entry: LogEntry): void
  onProgress?(note: ProgressNote): void
}
