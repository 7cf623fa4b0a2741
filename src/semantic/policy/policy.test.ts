import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PolicyFacts, quietFacts } from './policy.ts'
import type { PolicyData } from './policy-schema.ts'
import { expectPolicy, readPolicy } from './read-policy.ts'

const step = {
  id: 'decide',
  kind: 'pattern',
  patterns: ['consensus'],
  agents: ['analyst'],
  action: 'decide',
  maxParallel: 16,
} as const
const facts: PolicyFacts = { ...quietFacts, step }
const policyOf = (rules: PolicyData['rules']) =>
  expectPolicy({ data: { name: 'p', version: '1.2.3', rules } })

test('the rule of the highest priority that holds decides each key', () => {
  const policy = policyOf([
    { id: 'low', then: { quorum: 1, maxParallel: 1 } },
    { id: 'high', priority: 5, when: 'load.activeExecutions > 2', then: { quorum: 3 } },
    { id: 'higher', priority: 9, when: 'cost.tokens > 2', then: { quorum: 4 } },
  ])
  const load = { ...facts.load, activeExecutions: 3 }
  expect(policy.decide({ ...facts, load })).toEqual({
    policy: 'p',
    version: '1.2.3',
    values: { quorum: 3, maxParallel: 1 },
    rules: { quorum: 'high', maxParallel: 'low' },
  })
  expect(policy.decide(facts)?.rules).toEqual({ quorum: 'low', maxParallel: 'low' })
})

test('a budget is decided when an execution starts, everything else for a step', () => {
  const policy = policyOf([{ id: 'a', then: { budget: { tokens: 5 }, quorum: 2 } }])
  expect(policy.decide({ ...facts, step: null })?.values).toEqual({ budget: { tokens: 5 } })
  expect(policy.decide(facts)?.values).toEqual({ quorum: 2 })
})

test('an approval has the default signal and its timeout in milliseconds', () => {
  const policy = policyOf([{ id: 'a', then: { approval: { timeout: '2m' } } }])
  expect(policy.decide(facts)?.values.approval).toEqual({ signal: null, timeoutMs: 120_000 })
})

test('where no rule holds nothing is decided', () => {
  expect(
    policyOf([{ id: 'a', when: 'tda.available', then: { quorum: 2 } }]).decide(facts),
  ).toBeNull()
})

test('a rule that cannot be evaluated is an error that names it, and one that is too late is left alone', () => {
  const bad = { id: 'bad', when: 'event.data.x > 1', then: { quorum: 2 } }
  expect(() => policyOf([bad]).decide(facts)).toThrow(
    expect.objectContaining({
      code: 'PolicyError',
      details: { policy: 'p', version: '1.2.3', rule: 'bad' },
    }) as Error,
  )
  const policy = policyOf([
    bad,
    { id: 'first', priority: 1, when: "step.id == 'decide'", then: { quorum: 3 } },
  ])
  expect(policy.decide(facts)?.rules).toEqual({ quorum: 'first' })
})

test('an explanation has what became of each rule that was looked at', () => {
  const policy = policyOf([
    { id: 'a', priority: 2, when: 'tda.available', then: { quorum: 2 } },
    { id: 'b', then: { quorum: 1 } },
  ])
  expect(policy.explain(facts).outcomes).toEqual([
    { rule: 'a', priority: 2, holds: false, decides: [] },
    { rule: 'b', priority: 0, holds: true, decides: ['quorum'] },
  ])
})

test('of an accepted policy the order of the rules in the file changes no decision', () => {
  const rule = fc.record({
    priority: fc.integer({ min: 0, max: 2 }),
    op: fc.constantFrom('<', '>=', '=='),
    bound: fc.integer({ min: 0, max: 3 }),
    quorum: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 0, max: 3 }),
      (drafts, tokens) => {
        const rules = drafts.map(({ priority, op, bound, quorum }, place) => ({
          id: `r${place}`,
          priority,
          when: `cost.tokens ${op} ${bound}`,
          then: { quorum },
        }))
        const read = (list: typeof rules) =>
          readPolicy({ data: { name: 'p', version: '1.0.0', rules: list } }).policy
        const [forth, back] = [read(rules), read(rules.toReversed())]
        expect(forth === null).toBe(back === null)
        fc.pre(forth !== null && back !== null)
        const asked = { ...facts, cost: { ...facts.cost, tokens } }
        expect(forth?.decide(asked)?.values ?? null).toEqual(back?.decide(asked)?.values ?? null)
      },
    ),
    { numRuns: 200 },
  )
})
