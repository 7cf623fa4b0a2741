import type { PolicyKey } from '../../core/contracts/policy.ts'
import { type JsonValue, jsonEqual } from '../../core/json.ts'
import { nearestHint } from '../../core/nearest.ts'
import { checkSites, type ExpressionSite, type ProblemList } from '../../workflow/index.ts'
import { areDisjoint, type Condition, conditionOf, implies, isImpossible } from './conditions.ts'
import type { PolicyData, PolicyRuleData } from './policy-schema.ts'

/** Names that a rule's `when` may read. */
const policyRoots = ['event', 'tda', 'load', 'cost', 'execution', 'step'] as const

/** Reports everything that the shape of a policy does not say. */
export function checkRules(
  policy: PolicyData,
  problems: ProblemList,
  agents: readonly string[] | null,
): void {
  checkIds(policy, problems)
  checkSites(sitesOf(policy), problems)
  for (const [place, rule] of policy.rules.entries()) checkRule({ rule, place }, problems, agents)
  if (problems.hasErrors) return
  const rules = policy.rules.map((rule, place) => ({
    rule,
    place,
    condition: conditionOf(rule.when),
  }))
  checkConditions(rules, problems)
  checkPairs(rules, problems)
}

interface PlacedRule {
  readonly rule: PolicyRuleData
  readonly place: number
  readonly condition: Condition
}

function* sitesOf({ rules }: PolicyData): Generator<ExpressionSite> {
  for (const [place, { when, then }] of rules.entries()) {
    if (when === undefined) continue
    // Nothing is known of steps when an execution starts, which is when its budget is decided.
    const roots = policyRoots.filter((root) => root !== 'step' || then.budget === undefined)
    const scope = { roots, steps: 'any', stepId: null } as const
    yield { path: ['rules', place, 'when'], value: when, kind: 'bool', scope }
  }
}

function checkIds({ rules }: PolicyData, problems: ProblemList): void {
  const first = new Map<string, number>()
  for (const [place, { id }] of rules.entries()) {
    const known = first.get(id)
    if (known === undefined) first.set(id, place)
    else
      problems.add({
        path: ['rules', place, 'id'],
        message: `rule '${id}' is there twice`,
        found: id,
        expected: 'an id of its own',
        hint: `the other one is rules[${known}]`,
      })
  }
}

function checkRule(
  { rule, place }: Omit<PlacedRule, 'condition'>,
  problems: ProblemList,
  agents: readonly string[] | null,
): void {
  if (keysOf(rule).length === 0) {
    problems.add({
      path: ['rules', place, 'then'],
      message: `rule '${rule.id}' decides nothing`,
      found: 'an empty map',
      expected: 'pattern, quorum, agents, maxParallel, budget or approval',
    })
  }
  if (agents === null) return
  for (const [index, agent] of (rule.then.agents ?? []).entries()) {
    if (agents.includes(agent)) continue
    problems.add({
      path: ['rules', place, 'then', 'agents', index],
      message: `there is no agent '${agent}'`,
      found: JSON.stringify(agent),
      expected: `one of ${agents.join(', ')}`,
      hint: () =>
        nearestHint(agent, agents) ?? 'hand the module that defines it over with --agents',
    })
  }
}

function checkConditions(rules: readonly PlacedRule[], problems: ProblemList): void {
  for (const { rule, place, condition } of rules) {
    if (!isImpossible(condition)) continue
    problems.add({
      path: ['rules', place, 'when'],
      message: `rule '${rule.id}' can never hold: its tests exclude each other`,
      found: rule.when ?? null,
      expected: 'a condition that something can meet',
    })
  }
}

/** Each rule against those of the same priority, and against those that go before it. */
function checkPairs(rules: readonly PlacedRule[], problems: ProblemList): void {
  for (const later of rules) {
    const hidden = new Map<PolicyKey, string>()
    for (const other of rules) {
      if (problems.isFull) return
      const [own, its] = [later.rule.priority ?? 0, other.rule.priority ?? 0]
      if (its === own && other.place < later.place) checkSame(other, later, problems)
      if (its <= own || !implies(later.condition, other.condition)) continue
      for (const key of keysOf(other.rule)) hidden.set(key, other.rule.id)
    }
    const keys = keysOf(later.rule)
    if (keys.length > 0 && keys.every((key) => hidden.has(key)))
      problems.add(neverDecides(later, new Set(keys.map((key) => hidden.get(key) as string))))
  }
}

function neverDecides({ rule, place }: PlacedRule, others: ReadonlySet<string>) {
  return {
    path: ['rules', place],
    message: `rule '${rule.id}' never decides anything: '${[...others].join("', '")}' always does before it`,
    found: `priority ${rule.priority ?? 0}`,
    expected: 'a rule that sometimes decides',
    hint: 'give it a higher priority, or take it out',
  }
}

function checkSame(first: PlacedRule, second: PlacedRule, problems: ProblemList): void {
  if (areDisjoint(first.condition, second.condition)) return
  for (const key of keysOf(second.rule)) {
    const [a, b] = [first.rule.then[key], second.rule.then[key]]
    if (a === undefined || jsonEqual(a as JsonValue, b as JsonValue)) continue
    problems.add({
      path: ['rules', second.place, 'then', key],
      message: `rule '${second.rule.id}' contradicts rule '${first.rule.id}' about ${key}: both have priority ${second.rule.priority ?? 0} and may hold together`,
      found: JSON.stringify(b),
      expected: `${JSON.stringify(a)}, as rules[${first.place}] says, or another priority`,
      hint: 'give one a higher priority, or conditions that exclude each other: comparisons of the same value with literals, or a test and its `!`',
      place: 'key',
    })
  }
}

/** What a rule says something about. */
export function keysOf({ then }: PolicyRuleData): readonly PolicyKey[] {
  return (Object.keys(then) as PolicyKey[]).filter((key) => then[key] !== undefined)
}
