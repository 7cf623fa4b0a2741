import type { PatternName } from '../../core/contracts/pattern.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { DurationText } from './duration-text.ts'
import type { PatternOptionsData } from './pattern-data.ts'

export type { DurationText } from './duration-text.ts'

/** How failed attempts are repeated; what is left out comes from the document's `retry`, then from 4 attempts, 200ms, 2, 30s, 0.2. */
export interface RetryData {
  /** Attempts in all, the first included. */
  readonly maxAttempts?: number
  readonly initialInterval?: DurationText
  readonly backoff?: number
  readonly maxInterval?: DurationText
  /** Share of the interval, 0 to 1, by which it is varied. */
  readonly jitter?: number
}

/** Keys that every step may have. */
export interface AnyStepData {
  /** Steps that must be over before this one is decided. */
  readonly needs?: readonly string[]
  /** A CEL expression giving a bool; false skips the step. */
  readonly when?: string
  /** Default `skip`: a step whose needs were all skipped is skipped too. */
  readonly whenSkipped?: 'skip' | 'run'
  /** A CEL expression giving a list; the step runs once per item. */
  readonly forEach?: string
  /** Items that run at the same time. Default 16. */
  readonly maxParallel?: number
  /** A label for the checkpoint that the step's completion makes. */
  readonly checkpoint?: string
  /** True lets dependents run although the step failed. Default false. */
  readonly continueOnFailure?: boolean
}

/** Another workflow, run as a part of this one. */
export interface WorkflowRefData {
  readonly name: string
  /** A semver range such as `1`, `^1.2` or `1.x`; the highest match is taken. Default `*`. */
  readonly version?: string
  /** The child's input; texts may hold `${ }` templates. Default `{}`, in a fallback its `with`. */
  readonly input?: JsonObject
}

/** One way to do a step's work when its own has failed for good: an agent, a pattern, or a workflow. */
export type FallbackData = AgentFallbackData | PatternFallbackData | WorkflowFallbackData

export interface AgentFallbackData {
  readonly agent: string
  readonly action: string
  /** Default: the resolved input of the step. */
  readonly with?: JsonObject
  /** Default 5m. */
  readonly timeout?: DurationText
  readonly retry?: RetryData
  readonly workflow?: never
  readonly pattern?: never
}

/** The keys by which a step or a fallback names a pattern. */
interface NamesPattern {
  readonly pattern: PatternName
  /** Of a hierarchical one the first supervises. */
  readonly agents: readonly string[]
  /** What is called of each agent. */
  readonly action: string
  /** Those that the pattern reads; the others are refused. */
  readonly options?: PatternOptionsData
}

export interface PatternFallbackData extends NamesPattern {
  /** Default: the resolved input of the step. */
  readonly with?: JsonObject
  /** Of each call. Default 5m. */
  readonly timeout?: DurationText
  /** Of each call. */
  readonly retry?: RetryData
  readonly agent?: never
  readonly workflow?: never
}

export interface WorkflowFallbackData {
  readonly workflow: WorkflowRefData
  /** Default: the resolved input of the step. Not beside `workflow.input`. */
  readonly with?: JsonObject
  /** Default none. */
  readonly timeout?: DurationText
  /** Default: one attempt. */
  readonly retry?: RetryData
  readonly agent?: never
  readonly action?: never
  readonly pattern?: never
}

/** Keys that a step has whose work is a call. */
interface CallStepData extends AnyStepData {
  readonly fallback?: FallbackData | readonly FallbackData[]
  /** Called to undo the step; its input defaults to `{ input, output }` of the undone call. */
  readonly compensate?: {
    readonly agent: string
    readonly action: string
    readonly with?: JsonObject
  }
  /** What later steps may read, over `output`; default the raw output. */
  readonly outputs?: JsonObject
  /** Calls again until the expression over `output` is true: at most 100 times, every 1s, by default. */
  readonly repeat?: {
    readonly until: string
    readonly maxTimes?: number
    readonly delay?: DurationText
  }
  /** `none` leaves the TDA context out of the call. */
  readonly tda?: 'none'
  readonly waitFor?: never
  readonly sleep?: never
}

/** A step that calls an agent. */
export interface AgentStepData extends CallStepData {
  /** An agent type or id from the registry. */
  readonly agent: string
  readonly action: string
  /** The call's input; texts may hold `${ }` templates. */
  readonly with?: JsonObject
  /** Per attempt, from the call. Default 5m. */
  readonly timeout?: DurationText
  readonly retry?: RetryData
  /** Bounds the attempts of all steps, of all executions, that have the same key. */
  readonly concurrency?: {
    /** May hold `${ }` templates. */
    readonly key: string
    readonly max: number
    /** Default `wait`; `fail` fails the call, `skip` skips it. */
    readonly onFull?: 'wait' | 'fail' | 'skip'
  }
  readonly workflow?: never
  readonly pattern?: never
}

/** A step for which a pattern calls agents; its output is the pattern's. */
export interface PatternStepData extends CallStepData, NamesPattern {
  /** What the pattern is given; texts may hold `${ }` templates. */
  readonly with?: JsonObject
  /** Of each call. Default 5m. */
  readonly timeout?: DurationText
  /** Of each call. */
  readonly retry?: RetryData
  readonly agent?: never
  readonly workflow?: never
}

/** A step that runs a registered compiled graph; its output is the graph's last state. */
export interface GraphStepData extends CallStepData {
  /** The name under which it was defined (`defineGraph`). */
  readonly graph: string
  /** The graph's input; texts may hold `${ }` templates. */
  readonly with?: JsonObject
  /** Per attempt, from the call. Default 5m. A further attempt goes on where the last one was. */
  readonly timeout?: DurationText
  readonly retry?: RetryData
  readonly agent?: never
  readonly action?: never
  readonly workflow?: never
  readonly pattern?: never
}

/** A step that runs another workflow; its output is the child's. */
export interface WorkflowStepData extends CallStepData {
  readonly workflow: WorkflowRefData
  /** Per attempt. Default none. */
  readonly timeout?: DurationText
  /** Default: one attempt; a further one redrives the same child. */
  readonly retry?: RetryData
  readonly agent?: never
  readonly action?: never
  readonly with?: never
  readonly pattern?: never
}

/** A step that waits for a signal; its output is the signal's data. */
export interface WaitStepData extends AnyStepData {
  readonly waitFor: {
    readonly signal: string
    /** Default none. */
    readonly timeout?: DurationText
    /** Default `fail`. */
    readonly onTimeout?: 'fail' | 'continue'
  }
  readonly timeout?: DurationText
  readonly outputs?: JsonObject
  readonly agent?: never
  readonly pattern?: never
  readonly workflow?: never
  readonly sleep?: never
}

/** A step that lets time pass. */
export interface SleepStepData extends AnyStepData {
  readonly sleep: DurationText
  readonly timeout?: DurationText
  readonly outputs?: JsonObject
  readonly agent?: never
  readonly pattern?: never
  readonly workflow?: never
  readonly waitFor?: never
}

export type StepData =
  | AgentStepData
  | PatternStepData
  | GraphStepData
  | WorkflowStepData
  | WaitStepData
  | SleepStepData

/** What starts executions by itself: a cron schedule or an event. */
export type TriggerData =
  | {
      /** A cron pattern. */
      readonly schedule: string
      /** An IANA name. Default UTC. */
      readonly timezone?: string
      readonly input?: JsonObject
    }
  | {
      /** A CloudEvents type. */
      readonly event: string
      /** A CEL expression over `event`. */
      readonly when?: string
      readonly input?: JsonObject
    }

/** A workflow document as it is written, in YAML or TypeScript, before defaults are filled in. */
export interface WorkflowData {
  readonly name: string
  /** Semantic version. */
  readonly version: string
  readonly description?: string
  readonly metadata?: JsonObject
  /** JSON Schema 2020-12 of the input. Default: any object. */
  readonly input?: JsonObject
  readonly triggers?: readonly TriggerData[]
  readonly featureFlags?: readonly string[]
  /** Of the whole execution. Default none. */
  readonly timeout?: DurationText
  readonly retry?: RetryData
  /** What all calls together may use. Reserved before a call, at the most that its action declares. */
  readonly budget?: {
    readonly tokens?: number
    readonly costUsd?: number
    readonly agentCalls?: number
  }
  readonly sla?: { readonly duration?: DurationText; readonly completionRate?: number }
  /** An anomaly of at least this severity, 0 to 1, takes a checkpoint. Default none does. */
  readonly checkpoints?: { readonly onAnomalySeverity: number }
  /** Default `keep`. */
  readonly onFailure?: 'compensate' | 'rollback' | 'keep'
  readonly rollback?: {
    /** `start`, `lastHealthy`, a checkpoint label or a step id. Default `lastCheckpoint`. */
    readonly to?: string
    /** Rollbacks after which the execution goes on. Default 1. */
    readonly maxRollbacks?: number
  }
  /** What may be adapted while an execution runs. Default nothing. */
  readonly adaptation?: {
    /** Patterns to which a step with a pattern may be switched. */
    readonly patterns?: readonly PatternName[]
    /** The most items of a `forEach` that may run at the same time. */
    readonly maxParallel?: number
    /** Agents that may take the place of a step's own. */
    readonly agents?: readonly string[]
    /** A signal may be asked for before a step. Default false. */
    readonly approval?: boolean
    /** The execution may be paused. Default false. */
    readonly pause?: boolean
  }
  readonly steps: { readonly [stepId: string]: StepData }
  /** Default: the outputs of the steps nobody needs, by id. */
  readonly output?: JsonValue
}
