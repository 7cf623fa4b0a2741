import type { JsonObject, JsonValue } from '../json.ts'
import type { PatternName } from './pattern.ts'
import type { TdaContext } from './tda.ts'

/** What a policy may decide about an execution or a step. Each constrains; none gives more than the document does. */
export interface PolicyValues {
  /** Which of the patterns that the step declares works for it. */
  readonly pattern?: PatternName
  /** So many answers or votes at least are enough. */
  readonly quorum?: number
  /** Types or ids of the only agents that may be called. */
  readonly agents?: readonly string[]
  /** So many items of a `forEach` at most at a time. */
  readonly maxParallel?: number
  /** What the execution may spend at most. */
  readonly budget?: PolicyBudget
  /** Somebody must agree before the step is begun. */
  readonly approval?: PolicyApproval
}

export interface PolicyBudget {
  readonly agentCalls?: number
  readonly tokens?: number
  readonly costUsd?: number
}

export interface PolicyApproval {
  /** The signal that approves; its data `{ approved: false }` refuses. Null: `approve-<step>`. */
  readonly signal: string | null
  /** How long it is waited for; null for ever. Then the step fails. */
  readonly timeoutMs: number | null
}

export type PolicyKey = keyof PolicyValues

/** What a policy has decided, as the journal keeps it: each value with the rule that decided it. */
export interface PolicyDecision {
  readonly policy: string
  readonly version: string
  readonly values: PolicyValues
  /** Id of the deciding rule, by key of `values`. */
  readonly rules: { readonly [key in PolicyKey]?: string }
}

/** What the engine tells of an execution that starts, or of a step that is about to be decided. */
export interface PolicyQuestion {
  /** The event that started the execution; null where none did. */
  readonly event: JsonObject | null
  readonly tda: TdaContext
  readonly execution: {
    readonly id: string
    readonly workflow: string
    readonly version: string
    readonly metadata: JsonObject
    readonly input: JsonObject
    readonly tenant: string | null
    readonly startedAtMs: number
  }
  /** What the execution has spent so far, its sub-workflows included. */
  readonly cost: {
    readonly agentCalls: number
    readonly tokens: number
    readonly costUsd: number
  }
  /** Null when the execution starts. */
  readonly step: PolicyStep | null
}

/** A step that is about to be decided. */
export interface PolicyStep {
  readonly id: string
  /** `agent`, `pattern`, `workflow`, `wait` or `sleep`. */
  readonly kind: string
  /** Its own pattern first, then those of its fallbacks; empty where it calls by none. */
  readonly patterns: readonly PatternName[]
  /** Whom it calls, fallbacks included. */
  readonly agents: readonly string[]
  readonly action: string | null
  readonly maxParallel: number
}

/** How busy engine and agents are when a policy is asked. */
export interface PolicyLoad {
  readonly activeExecutions: number
  readonly openExecutions: number
  /** Of the step's agents, by the name that the step calls them; empty when an execution starts. */
  readonly agents: {
    readonly [name: string]: { readonly running: number; readonly waiting: number }
  }
}

/** Decides by policy. Asked once for each start and step; what it says is journalled and obeyed from then on. */
export interface PolicySource {
  /**
   * @returns null when no rule says anything
   * @throws PolicyError when a rule cannot be evaluated: nothing is begun that a policy could not judge
   */
  decide(question: PolicyQuestion & { readonly load: PolicyLoad }): PolicyDecision | null
}

/** The data of an approval's signal that says no. */
export function isRefusal(data: JsonValue): boolean {
  return typeof data === 'object' && data !== null && 'approved' in data && data.approved === false
}
