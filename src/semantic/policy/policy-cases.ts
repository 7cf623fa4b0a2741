import type { PolicyDecision, PolicyValues } from '../../core/contracts/policy.ts'
import { type ErrorJson, toErrorJson } from '../../core/errors.ts'
import { canonicalJson, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { PolicyCaseData } from './policy-schema.ts'
import { type Policy, type PolicyFacts, quietFacts, type RuleOutcome, valuesOf } from './policy.ts'

/** What a policy decides in a case, and whether that is what the case expects. No key is absent. */
export interface CaseReport {
  readonly name: string
  /** Null where nothing was expected. */
  readonly passed: boolean | null
  /** Empty where no rule says anything, or one cannot be evaluated. */
  readonly values: PolicyValues
  readonly rules: PolicyDecision['rules']
  /** Every rule that was looked at, first for the start of the execution and then for the step. */
  readonly outcomes: readonly RuleOutcome[]
  /** What is not as it was expected, in words; empty when all is. */
  readonly differences: readonly string[]
  readonly error: ErrorJson | null
}

/** The step of a case that says nothing of it. */
const anyStep = {
  id: 'step',
  kind: 'agent',
  patterns: [],
  agents: [],
  action: null,
  maxParallel: 16,
} as const

/**
 * Decides each case of the policy's `tests`: what holds for the start of its execution and for its step, together.
 *
 * @param cases default those of the policy
 */
export function runCases(
  policy: Policy,
  cases: readonly PolicyCaseData[] = policy.data.tests ?? [],
): readonly CaseReport[] {
  return cases.map((one) => runCase(policy, one))
}

function runCase(policy: Policy, { name, given, expect }: PolicyCaseData): CaseReport {
  const facts = factsOf(given)
  try {
    const start = policy.explain({ ...facts, step: null })
    const step = facts.step === null ? null : policy.explain(facts)
    const values = { ...start.decision?.values, ...step?.decision?.values }
    const rules = { ...start.decision?.rules, ...step?.decision?.rules }
    const differences = expect === undefined ? [] : differencesOf(expect, { values, rules })
    return {
      name,
      passed: expect === undefined ? null : differences.length === 0,
      values,
      rules,
      outcomes: [...start.outcomes, ...(step?.outcomes ?? [])],
      differences,
      error: null,
    }
  } catch (thrown) {
    const error = toErrorJson(thrown)
    const differences = [error.message]
    return { name, passed: false, values: {}, rules: {}, outcomes: [], differences, error }
  }
}

/** What a case says, over a quiet engine; a TDA context that is given is available unless it says otherwise. */
function factsOf(given: PolicyCaseData['given'] = {}): PolicyFacts {
  const { event = null, tda, load, cost, execution, step } = given
  return {
    event: event as JsonObject | null,
    tda: { ...quietFacts.tda, available: tda !== undefined, ...tda },
    load: { ...quietFacts.load, ...load },
    cost: { ...quietFacts.cost, ...cost },
    execution: { ...quietFacts.execution, ...execution },
    step: step === null ? null : { ...anyStep, ...step },
  }
}

function differencesOf(
  { rules: expectedRules, ...expected }: NonNullable<PolicyCaseData['expect']>,
  found: Pick<PolicyDecision, 'values' | 'rules'>,
): readonly string[] {
  const values = compare(valuesOf(expected), found.values, '')
  return expectedRules === undefined
    ? values
    : [...values, ...compare(expectedRules, found.rules, 'rule of ')]
}

function compare(expected: object, found: object, what: string): readonly string[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)])
  return [...keys].flatMap((key) => {
    const [wanted, is] = [textAt(expected, key), textAt(found, key)]
    if (wanted === is) return []
    return [`${what}${key}: expected ${wanted ?? 'nothing'}, decided ${is ?? 'nothing'}`]
  })
}

function textAt(of: object, key: string): string | null {
  const value = (of as Readonly<Record<string, JsonValue | undefined>>)[key]
  return value === undefined ? null : canonicalJson(value)
}
