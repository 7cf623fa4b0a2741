import type {
  PolicyDecision,
  PolicyKey,
  PolicyLoad,
  PolicyQuestion,
  PolicyValues,
} from '../../core/contracts/policy.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { parseDuration } from '../../core/duration.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import {
  type CompiledExpression,
  compileExpression,
  expectBool,
  type Scope,
} from '../../workflow/index.ts'
import { keysOf } from './check-rules.ts'
import type { PolicyData, PolicyRuleData } from './policy-schema.ts'

/** All that the rules of a policy may read. */
export type PolicyFacts = PolicyQuestion & { readonly load: PolicyLoad }

interface Rule {
  readonly id: string
  readonly priority: number
  readonly when: CompiledExpression | null
  readonly keys: readonly PolicyKey[]
  readonly values: PolicyValues
}

/** What became of a rule for one question. */
export interface RuleOutcome {
  readonly rule: string
  readonly priority: number
  readonly holds: boolean
  /** Keys that it decided; a rule that holds may have been late for all. */
  readonly decides: readonly PolicyKey[]
}

/** A decision and how it came about. */
export interface PolicyExplanation {
  readonly decision: PolicyDecision | null
  /** The rules that were looked at, in that order. */
  readonly outcomes: readonly RuleOutcome[]
}

/**
 * A valid policy, ready to decide. Of every rule that holds, the one with the highest priority decides each key;
 * those of one priority agree, or exclude each other. When an execution starts only `budget` is decided, and
 * for a step everything else.
 */
export class Policy {
  readonly name: string
  readonly version: string
  readonly data: PolicyData
  readonly #rules: readonly Rule[]

  /** @param data read by `readPolicy` */
  constructor(data: PolicyData) {
    this.name = data.name
    this.version = data.version
    this.data = data
    this.#rules = data.rules.map(ruleOf).toSorted((a, b) => b.priority - a.priority)
  }

  /** @throws PolicyError when a rule cannot be evaluated */
  decide(facts: PolicyFacts): PolicyDecision | null {
    return this.explain(facts).decision
  }

  /** As `decide`, with what became of each rule. @throws PolicyError */
  explain(facts: PolicyFacts): PolicyExplanation {
    const values: Partial<Record<PolicyKey, unknown>> = {}
    const rules: Partial<Record<PolicyKey, string>> = {}
    const outcomes: RuleOutcome[] = []
    const scope = scopeOf(facts)
    for (const rule of this.#rules) {
      const keys = rule.keys.filter((key) => (key === 'budget') === (facts.step === null))
      // What cannot decide any more is not evaluated, so it cannot go wrong either.
      const open = keys.filter((key) => !Object.hasOwn(values, key))
      if (open.length === 0) continue
      const holds = this.#holds(rule, scope)
      outcomes.push({ rule: rule.id, priority: rule.priority, holds, decides: holds ? open : [] })
      if (!holds) continue
      for (const key of open) {
        values[key] = rule.values[key]
        rules[key] = rule.id
      }
    }
    const { name: policy, version } = this
    const isSilent = Object.keys(rules).length === 0
    const decision = isSilent ? null : { policy, version, values: values as PolicyValues, rules }
    return { decision, outcomes }
  }

  #holds({ id, when }: Rule, scope: Scope): boolean {
    if (when === null) return true
    try {
      return expectBool(when.evaluate(scope), `when of rule '${id}'`)
    } catch (thrown) {
      throw new OrchestrationError(
        'PolicyError',
        `rule '${id}' of policy '${this.name}@${this.version}' cannot be evaluated: ${messageOf(thrown)}`,
        {
          cause: thrown,
          details: { policy: this.name, version: this.version, rule: id },
          hint: 'guard it with has(...) or `event != null && ...`; nothing is begun that a policy cannot judge',
        },
      )
    }
  }
}

function scopeOf({ event, tda, load, cost, execution, step }: PolicyFacts): Scope {
  return {
    event,
    tda,
    load: load as unknown as JsonObject,
    cost,
    execution,
    step: step as unknown as JsonObject | null,
  }
}

function ruleOf(data: PolicyRuleData): Rule {
  const { id, priority = 0, when } = data
  return {
    id,
    priority,
    when: when === undefined ? null : compileExpression(when),
    keys: keysOf(data),
    values: valuesOf(data.then),
  }
}

/** What is written, with every default filled in. */
export function valuesOf({ approval, ...others }: PolicyRuleData['then']): PolicyValues {
  if (approval === undefined) return others as PolicyValues
  const { signal = null, timeout } = approval
  const timeoutMs = timeout === undefined ? null : (parseDuration(timeout) ?? null)
  return { ...(others as PolicyValues), approval: { signal, timeoutMs } }
}

/** A question of an engine that is doing nothing: what a case of a policy's tests changes. */
export const quietFacts: PolicyFacts = {
  event: null,
  tda: unavailableTda,
  execution: {
    id: 'case-1',
    workflow: 'case',
    version: '1.0.0',
    metadata: {},
    input: {},
    tenant: null,
    startedAtMs: 0,
  },
  cost: { agentCalls: 0, tokens: 0, costUsd: 0 },
  load: { activeExecutions: 0, openExecutions: 0, agents: {} },
  step: null,
}
