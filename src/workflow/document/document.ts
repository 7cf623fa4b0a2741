import type { PatternName, PatternSpec } from '../../core/contracts/pattern.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/**
 * A workflow document after reading: plain JSON data with every default filled in, so that a later
 * default never changes a running execution. Durations are texts such as `30s` or templates giving
 * them; expressions carry no surrounding `${ }` where the key is always an expression.
 */
export interface WorkflowDocument {
  readonly name: string
  readonly version: string
  readonly description: string | null
  readonly metadata: JsonObject
  /** JSON Schema 2020-12 of the input; null accepts any object. */
  readonly input: JsonObject | null
  readonly triggers: readonly TriggerDocument[]
  readonly featureFlags: readonly string[]
  /** Limit of the whole execution; null for none. */
  readonly timeout: string | null
  readonly retry: RetryDocument
  readonly budget: BudgetDocument | null
  readonly sla: { readonly duration: string | null; readonly completionRate: number | null } | null
  /** An anomaly of at least this severity, 0 to 1, takes a checkpoint; null for none. */
  readonly checkpoints: { readonly onAnomalySeverity: number } | null
  readonly onFailure: 'compensate' | 'rollback' | 'keep'
  /** Never null where `onFailure` is `rollback`. */
  readonly rollback: RollbackDocument | null
  /** What may be adapted while an execution runs; null for nothing. */
  readonly adaptation: AdaptationDocument | null
  readonly steps: { readonly [stepId: string]: StepDocument }
  /** A template; absent gives the outputs of the steps nobody needs, by id. */
  readonly output?: JsonValue
}

export interface AdaptationDocument {
  /** Patterns to which a step with a pattern may be switched. */
  readonly patterns: readonly PatternName[]
  /** The most items of a `forEach` that may run at the same time; null keeps what the steps say. */
  readonly maxParallel: number | null
  /** Agents that may take the place of a step's own. */
  readonly agents: readonly string[]
  /** An approval may be put before a step. */
  readonly approval: boolean
  /** The execution may be paused. */
  readonly pause: boolean
}

export interface RetryDocument {
  readonly maxAttempts: number
  readonly initialInterval: string
  readonly backoff: number
  readonly maxInterval: string
  /** Share of the interval, 0 to 1, by which it is varied. */
  readonly jitter: number
}

export interface RollbackDocument {
  /** `lastCheckpoint`, `start`, `lastHealthy`, a checkpoint label or a step id of the document. */
  readonly to: string
  /** Rollbacks after which the execution goes on; 0 or more. */
  readonly maxRollbacks: number
}

export interface BudgetDocument {
  readonly tokens: number | null
  readonly costUsd: number | null
  readonly agentCalls: number | null
}

export type TriggerDocument =
  | { readonly schedule: string; readonly timezone: string; readonly input: JsonObject }
  | { readonly event: string; readonly when: string | null; readonly input: JsonObject }

interface StepBase {
  readonly needs: readonly string[]
  readonly when: string | null
  readonly whenSkipped: 'skip' | 'run'
  readonly forEach: string | null
  readonly maxParallel: number
  /** A template object of the call's input. */
  readonly with: JsonObject
  /** Per attempt, from the call; null for none. */
  readonly timeout: string | null
  readonly retry: RetryDocument
  readonly fallback: readonly FallbackDocument[]
  readonly compensate: CompensateDocument | null
  /** Templates over `output`; null passes the raw output on. */
  readonly outputs: JsonObject | null
  readonly checkpoint: string | null
  readonly continueOnFailure: boolean
  readonly repeat: RepeatDocument | null
  /** `none` leaves the TDA context out of the call. */
  readonly tda: 'none' | null
  /** Bounds the step across executions; absent (and null) for no bound. */
  readonly concurrency?: ConcurrencyDocument | null
}

export interface AgentStepDocument extends StepBase {
  readonly agent: string
  readonly action: string
}
/** A step for which a pattern calls agents; `options` are those of the pattern, each filled in. */
export interface PatternStepDocument extends StepBase, PatternSpec {}
/** A step that runs a registered graph. */
export interface GraphStepDocument extends StepBase {
  readonly graph: string
}
export interface WaitStepDocument extends StepBase {
  readonly waitFor: WaitForDocument
}
export interface SleepStepDocument extends StepBase {
  readonly sleep: string
}
/** A step that runs another workflow; its `with` is empty, the child's input is in `workflow`. */
export interface WorkflowStepDocument extends StepBase {
  readonly workflow: WorkflowRefDocument
}
export type StepDocument =
  | AgentStepDocument
  | PatternStepDocument
  | GraphStepDocument
  | WaitStepDocument
  | SleepStepDocument
  | WorkflowStepDocument

export interface WorkflowRefDocument {
  readonly name: string
  /** A semver range; `*` takes the highest release. */
  readonly version: string
  /** A template object of the child's input. */
  readonly input: JsonObject
}

export interface WaitForDocument {
  readonly signal: string
  readonly timeout: string | null
  readonly onTimeout: 'fail' | 'continue'
}

interface FallbackBase {
  /** A template object of the call's input; null reuses the resolved input of the step. */
  readonly with: JsonObject | null
  readonly retry: RetryDocument
}

export interface AgentFallbackDocument extends FallbackBase {
  readonly agent: string
  readonly action: string
  /** Per attempt, from the call. */
  readonly timeout: string
}
export interface PatternFallbackDocument extends FallbackBase, PatternSpec {
  /** Per attempt of each call. */
  readonly timeout: string
}
export interface WorkflowFallbackDocument extends FallbackBase {
  readonly workflow: FallbackWorkflowRefDocument
  /** Per attempt, from the call; null for none. */
  readonly timeout: string | null
}
export type FallbackDocument =
  | AgentFallbackDocument
  | PatternFallbackDocument
  | WorkflowFallbackDocument

export interface FallbackWorkflowRefDocument {
  readonly name: string
  /** A semver range; `*` takes the highest release. */
  readonly version: string
  /** Null takes the entry's `with`; at most one of the two is given. */
  readonly input: JsonObject | null
}

export interface CompensateDocument {
  readonly agent: string
  readonly action: string
  /** Null gives `{ input, output }` of the undone call. */
  readonly with: JsonObject | null
}

export interface ConcurrencyDocument {
  /** A template of the name under which steps of all executions are counted together. */
  readonly key: string
  /** Attempts under that name that may run at the same time. */
  readonly max: number
  readonly onFull: 'wait' | 'fail' | 'skip'
}

export interface RepeatDocument {
  readonly until: string
  readonly maxTimes: number
  readonly delay: string
}
