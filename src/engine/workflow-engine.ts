import type { ErrorJson } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { KernelEvent, Resolution, WorkflowData, WorkflowStep } from '../workflow/index.ts'

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
  readonly progress: ProgressView
  readonly metrics: MetricsView
  readonly errorLog: readonly ErrorLogEntry[]
  readonly steps: { readonly [stepId: string]: StepShowView }
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

/** A position in the journal that a step's completion made; `label` is its `checkpoint`. */
export interface CheckpointView {
  readonly checkpointId: string
  readonly stepId: string
  readonly label: string | null
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
}

/**
 * Runs workflows durably. What a method has resolved for survives kill -9. Every method rejects with
 * NotFoundError for an unknown execution id.
 */
export interface WorkflowEngine {
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
  getExecution(executionId: string): Promise<ShowView>
  /** Tells each event after it is durable, and each progress note. Returns a function that ends it. */
  subscribe(listener: EngineListener): () => void
  /** Stops driving, leaves every execution as recorded and releases the file. */
  close(): Promise<void>
}

export interface EngineListener {
  onEvent?(entry: LogEntry): void
  onProgress?(note: ProgressNote): void
}
