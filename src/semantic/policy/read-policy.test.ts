import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expectPolicy, readPolicy } from './read-policy.ts'
import { policyJsonSchemaText } from './policy-schema.ts'

const head = 'name: production\nversion: 1.0.0\n'

function problemsOf(rules: string, agents?: readonly string[]): readonly string[] {
  const options = { file: 'p.yaml', ...(agents === undefined ? {} : { agents }) }
  const { problems } = readPolicy({ text: `${head}rules:\n${rules}` }, options)
  return problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

test('the shipped schema file is the one that the code makes', () => {
  const file = new URL('../../../schema/policy.schema.json', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(policyJsonSchemaText())
})

test('a policy without a fault is read', () => {
  const text = `${head}rules:
  - id: anomaly
    priority: 10
    when: tda.anomalySeverity >= 0.8
    then: { pattern: consensus, quorum: 2, approval: { timeout: 1h } }
  - { id: always, then: { maxParallel: 4 } }
`
  const { policy, problems } = readPolicy({ text })
  expect(problems).toEqual([])
  expect(policy).toMatchObject({ name: 'production', version: '1.0.0' })
})

test('every problem is reported at its place, with the nearest name', () => {
  const { policy, problems } = readPolicy(
    {
      text: `${head}rules:
  - { id: a, when: tda.anomalySeverity > , then: { maxParallell: 4 } }
  - { id: a, when: steps.x.output, then: {} }
`,
    },
    { file: 'p.yaml' },
  )
  expect(policy).toBeNull()
  expect(problems[0]).toMatchObject({
    file: 'p.yaml',
    line: 4,
    column: 52,
    hint: "did you mean 'maxParallel'?",
  })
})

test('ids are told apart, names are in scope, and a rule decides something', () => {
  expect(
    problemsOf(`  - { id: a, when: steps.x.output == 1, then: { maxParallel: 1 } }
  - { id: a, when: size(event.type), then: {} }
  - { id: c, when: step.id == 'x', then: { budget: { tokens: 1 } } }
`),
  ).toEqual([
    '4:20 rules[0].when: `steps` is not in scope here',
    "5:11 rules[1].id: rule 'a' is there twice",
    '5:20 rules[1].when: this expression never gives a bool',
    "5:44 rules[1].then: rule 'a' decides nothing",
    '6:20 rules[2].when: `step` is not in scope here',
  ])
})

test('an agent that is not known is refused where the agents are known', () => {
  const rules = '  - { id: a, then: { agents: [analist] } }\n'
  expect(problemsOf(rules)).toEqual([])
  expect(problemsOf(rules, ['analyst'])).toEqual([
    "4:31 rules[0].then.agents[0]: there is no agent 'analist'",
  ])
})

test('rules of one priority that may hold together and say different things are refused', () => {
  const problems =
    problemsOf(`  - { id: a, when: tda.available, then: { maxParallel: 1, quorum: 2 } }
  - { id: b, when: load.activeExecutions > 5, then: { maxParallel: 2, quorum: 2 } }
`)
  expect(problems).toEqual([
    "5:55 rules[1].then.maxParallel: rule 'b' contradicts rule 'a' about maxParallel: both have priority 0 and may hold together",
  ])
})

test('rules of one priority may differ when their conditions exclude each other', () => {
  expect(
    problemsOf(`  - { id: a, when: tda.anomalySeverity >= 0.8, then: { maxParallel: 1 } }
  - { id: b, when: tda.anomalySeverity < 0.8 && tda.available, then: { maxParallel: 2 } }
  - { id: c, when: "!tda.available && tda.anomalySeverity < 0.5", then: { maxParallel: 3 } }
`),
  ).toEqual([])
})

test('a rule that cannot hold, or that another always goes before, is refused', () => {
  expect(
    problemsOf(`  - { id: a, priority: 2, when: tda.available, then: { maxParallel: 1, quorum: 2 } }
  - { id: b, priority: 1, when: tda.available && cost.tokens > 5, then: { quorum: 3 } }
  - { id: c, when: cost.tokens > 5 && cost.tokens < 5, then: { quorum: 3 } }
`),
  ).toEqual([
    "5:5 rules[1]: rule 'b' never decides anything: 'a' always does before it",
    "6:20 rules[2].when: rule 'c' can never hold: its tests exclude each other",
  ])
})

test('data is read as text is, and a policy with problems is refused as a whole', () => {
  expect(expectPolicy({ data: { name: 'p', version: '1.0.0', rules: [] } }).name).toBe('p')
  const bad = { name: 'p', version: '1', rules: [] }
  expect(() => expectPolicy({ data: bad })).toThrow(
    expect.objectContaining({ code: 'DocumentError' }) as Error,
  )
})
