import type { PatternSpec } from '../../core/contracts/pattern.ts'
import type { SecretPlace } from '../../core/contracts/secret.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { AdaptationDocument } from '../document/document.ts'
import type { CompiledExpression, CompiledTemplate } from '../expression/scope.ts'

/** A length of time: milliseconds, or a template that gives them or a duration text. */
export type PlanDuration = number | CompiledTemplate

/**
 * A document made ready for the kernel: expressions compiled, steps numbered, edges both ways.
 * Derived from the document alone, so it is never stored; one plan serves every execution of it.
 */
export interface Plan {
  readonly name: string
  readonly version: string
  readonly metadata: JsonObject
  /** Content hash of the document, 64 hexadecimal digits. */
  readonly hash: string
  readonly steps: readonly PlanStep[]
  readonly stepIndex: ReadonlyMap<string, number>
  /** Steps that nobody needs: their outputs are the execution's when `output` is missing. */
  readonly leaves: readonly number[]
  /** Null when the document has no `output`. */
  readonly output: CompiledTemplate | null
  /** Limit of the whole execution. */
  readonly timeout: PlanDuration | null
  readonly onFailure: 'compensate' | 'rollback' | 'keep'
  /** Where `onFailure: rollback` goes back to, and how often it then goes on. */
  readonly rollback: { readonly to: string; readonly timesMax: number }
  /** What may be adapted while an execution runs; null for nothing. */
  readonly adaptation: AdaptationDocument | null
  /** An anomaly of at least this severity takes a checkpoint; null takes none. */
  readonly checkpointSeverity: number | null
  /** Attempts of calls that the execution may spend; null for any number. */
  readonly agentCallsMax: number | null
  /** Tokens and dollars that its calls may use; infinity for any number. */
  readonly usageMax: Usage
}

export interface PlanStep {
  readonly id: string
  readonly number: number
  readonly needs: readonly number[]
  readonly dependents: readonly number[]
  readonly when: CompiledExpression | null
  readonly runWhenSkipped: boolean
  readonly forEach: CompiledExpression | null
  readonly maxParallel: number
  readonly work: PlanWork
  readonly input: CompiledTemplate
  /** Where the inputs of its calls may name secrets: its own, its fallbacks' and its compensation's. */
  readonly secrets: readonly SecretPlace[]
  readonly outputs: CompiledTemplate | null
  readonly timeout: PlanDuration | null
  readonly retry: PlanRetry
  readonly fallbacks: readonly PlanFallback[]
  readonly compensate: PlanCompensation | null
  readonly repeat: PlanRepeat | null
  readonly checkpoint: string | null
  readonly continueOnFailure: boolean
  /** Whether calls are given the TDA context. */
  readonly tda: boolean
  readonly concurrency: PlanConcurrency | null
}

/** How many attempts of steps with the same key may run at the same time, over all executions. */
export interface PlanConcurrency {
  readonly key: CompiledTemplate
  readonly max: number
  readonly onFull: 'wait' | 'fail' | 'skip'
}

/** What a step does when it is decided. */
export type PlanWork =
  | PlanTarget
  | {
      readonly kind: 'wait'
      readonly signal: CompiledTemplate
      readonly timeout: PlanDuration | null
      readonly onTimeout: 'fail' | 'continue'
    }
  | { readonly kind: 'sleep'; readonly duration: PlanDuration }

/** Whom a call calls: an action of an agent, another workflow, or agents by a pattern. */
export type PlanTarget =
  | { readonly kind: 'agent'; readonly agent: string; readonly action: string }
  | {
      readonly kind: 'workflow'
      readonly name: string
      /** A semver range. */
      readonly range: string
    }
  | {
      readonly kind: 'pattern'
      readonly spec: PatternSpec
      /** Of the whole pattern; null for none. */
      readonly deadline: PlanDuration | null
    }

export interface PlanRetry {
  readonly maxAttempts: number
  readonly initialInterval: PlanDuration
  readonly backoff: number
  readonly maxInterval: PlanDuration
  readonly jitter: number
}

export interface PlanFallback {
  readonly target: PlanTarget
  /** Null reuses the step's resolved input. */
  readonly input: CompiledTemplate | null
  readonly timeout: PlanDuration | null
  readonly retry: PlanRetry
}

export interface PlanCompensation {
  readonly target: PlanTarget
  /** Null gives `{ input, output }` of the undone call. */
  readonly input: CompiledTemplate | null
  readonly timeout: PlanDuration | null
  readonly retry: PlanRetry
}

export interface PlanRepeat {
  readonly until: CompiledExpression
  readonly timesMax: number
  readonly delay: PlanDuration
}
