import { expect, test } from 'vitest'
import { runCases } from './policy-cases.ts'
import { expectPolicy } from './read-policy.ts'

const policy = (tests: readonly object[]) =>
  expectPolicy({
    data: {
      name: 'p',
      version: '1.0.0',
      rules: [
        {
          id: 'costly',
          when: 'event != null && event.data.x > 1',
          then: { budget: { tokens: 5 } },
        },
        { id: 'risky', when: 'tda.anomalySeverity > 0.5', then: { approval: { timeout: '1s' } } },
        { id: 'busy', when: 'load.agents.analyst.waiting > 2', then: { maxParallel: 1 } },
      ],
      tests,
    },
  })

const quiet = { load: { agents: { analyst: { running: 0, waiting: 0 } } } }

test('a case decides the start and the step together, and says why', () => {
  const given = { ...quiet, event: { data: { x: 2 } }, tda: { anomalySeverity: 0.9 } }
  const values = { budget: { tokens: 5 }, approval: { timeout: '1s' } }
  const rules = { budget: 'costly', approval: 'risky' }
  const [report] = runCases(policy([{ name: 'both', given, expect: { ...values, rules } }]))
  expect(report).toMatchObject({ passed: true, rules, differences: [], error: null })
  expect(report?.values.approval).toEqual({ signal: null, timeoutMs: 1_000 })
  expect(report?.outcomes.map(({ rule, holds }) => [rule, holds])).toEqual([
    ['costly', true],
    ['risky', true],
    ['busy', false],
  ])
})

test('what is not as expected is told in words, and nothing may be decided beside it', () => {
  const given = { ...quiet, tda: { anomalySeverity: 0.9 } }
  const [report] = runCases(policy([{ name: 'other', given, expect: { maxParallel: 2 } }]))
  expect(report).toMatchObject({
    passed: false,
    differences: [
      'maxParallel: expected 2, decided nothing',
      'approval: expected nothing, decided {"signal":null,"timeoutMs":1000}',
    ],
  })
})

test('a case without expectation is shown, and one that cannot be evaluated fails', () => {
  const [shown, broken] = runCases(policy([{ name: 'shown', given: quiet }, { name: 'broken' }]))
  expect(shown?.passed).toBeNull()
  expect(broken).toMatchObject({ passed: false, error: { code: 'PolicyError' } })
})
