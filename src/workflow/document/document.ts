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
  readonly checkpoints: { readonly onAnomalySeverity: number } | null
  readonly onFailure: 'compensate' | 'rollback' | 'keep'
  readonly rollback: { readonly to: string; readonly maxRollbacks: number } | null
  readonly adaptation: JsonObject | null
  readonly steps: { readonly [stepId: string]: StepDocument }
  /** A template; absent gives the outputs of the steps nobody needs, by id. */
  readonly output?: JsonValue
}

export interface RetryDocument {
  readonly maxAttempts: number
  readonly initialInterval: string
  readonly backoff: number
  readonly maxInterval: string
  /** Share of the interval, 0 to 1, by which it is varied. */
  readonly jitter: number
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
}

export interface AgentStepDocument extends StepBase {
  readonly agent: string
  readonly action: string
}
export interface WaitStepDocument extends StepBase {
  readonly waitFor: WaitForDocument
}
export interface SleepStepDocument extends StepBase {
  readonly sleep: string
}
export type StepDocument = AgentStepDocument | WaitStepDocument | SleepStepDocument

export interface WaitForDocument {
  readonly signal: string
  readonly timeout: string | null
  readonly onTimeout: 'fail' | 'continue'
}

export interface FallbackDocument {
  readonly agent: string
  readonly action: string
  /** Null reuses the resolved input of the step. */
  readonly with: JsonObject | null
  readonly timeout: string
  readonly retry: RetryDocument
}

export interface CompensateDocument {
  readonly agent: string
  readonly action: string
  /** Null gives `{ input, output }` of the undone call. */
  readonly with: JsonObject | null
}

export interface RepeatDocument {
  readonly until: string
  readonly maxTimes: number
  readonly delay: string
}
