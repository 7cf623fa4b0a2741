import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openEngine } from '../../engine/index.ts'
import { expectDecisionTree, readDecisionTree } from './read-tree.ts'
import { decisionTreeAgent } from './tree-agent.ts'
import { type DecisionTreeData, treeJsonSchemaText } from './tree-schema.ts'

const triage: DecisionTreeData = {
  name: 'triage',
  version: '1.0.0',
  root: 'severe',
  nodes: {
    severe: { feature: 'tda.anomalySeverity', atLeast: 0.8, yes: 'known', no: 'alone' },
    known: { when: "has(input.team) && input.team == 'sre'", yes: 'alone', no: 'vote' },
    vote: { strategy: { pattern: 'consensus', urgency: 'high' } },
    alone: { strategy: { agents: ['analyst'] } },
  },
}
const tree = expectDecisionTree({ data: triage })
const severity = (anomalySeverity: number) => ({ tda: { anomalySeverity } })
const messages = (data: object) =>
  readDecisionTree({ data: { name: 't', version: '1.0.0', ...data } }).problems.map(
    ({ path, message, level }) => `${level} ${path}: ${message}`,
  )

test('the shipped schema file is the one that the code makes', () => {
  const file = new URL('../../../schema/decision-tree.schema.json', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(treeJsonSchemaText())
})

test('a decision has the leaf, its strategy and the way to it', () => {
  expect(tree.decide(severity(0.9))).toEqual({
    tree: 'triage',
    version: '1.0.0',
    leaf: 'vote',
    strategy: { pattern: 'consensus', urgency: 'high' },
    path: [
      { node: 'severe', test: 'tda.anomalySeverity >= 0.8', value: 0.9, went: 'yes' },
      {
        node: 'known',
        test: "has(input.team) && input.team == 'sre'",
        value: null,
        went: 'no',
      },
    ],
  })
  expect(tree.decide({ ...severity(0.8), team: 'sre' }).leaf).toBe('alone')
})

test('a feature that is no number is an input error that names it', () => {
  for (const facts of [{}, { tda: null }, { tda: { anomalySeverity: 'high' } }]) {
    expect(() => tree.decide(facts)).toThrow(
      expect.objectContaining({
        code: 'InputError',
        details: expect.objectContaining({ node: 'severe', feature: 'tda.anomalySeverity' }),
      }) as Error,
    )
  }
})

test('what was read is written and read again without loss', () => {
  const again = expectDecisionTree({ text: JSON.stringify(tree.data) })
  expect(again.data).toEqual(tree.data)
})

test('targets that there are not, circles and half nodes are refused', () => {
  expect(
    messages({
      root: 'a',
      nodes: { a: { when: 'true', yes: 'b', no: 'leav' }, leaf: { strategy: {} } },
    }),
  ).toEqual([
    "error nodes.a.yes: there is no node 'b'",
    "error nodes.a.no: there is no node 'leav'",
  ])
  const circle = {
    root: 'a',
    nodes: {
      a: { when: 'input.x', yes: 'b', no: 'leaf' },
      b: { when: 'input.y', yes: 'leaf', no: 'a' },
      leaf: { strategy: {} },
    },
  }
  expect(messages(circle)).toEqual(['error nodes.a: the tree goes in a circle: a → b → a'])
  expect(messages({ root: 'a', nodes: { a: { when: 'input.x', yes: 'a' } } })).toEqual([
    "error nodes.a: node 'a' is neither a test nor a leaf",
  ])
  expect(
    messages({
      root: 'a',
      nodes: { a: { when: 'tda.available', yes: 'b', no: 'b' }, b: { strategy: {} } },
    }),
  ).toEqual(['error nodes.a.when: `tda` is not in scope here'])
})

test('nodes and branches that nobody reaches are warnings', () => {
  const leaf = { strategy: {} }
  const nodes = {
    a: { feature: 'x', atLeast: 0.8, yes: 'b', no: 'leaf' },
    b: { feature: 'x', atLeast: 0.5, yes: 'leaf', no: 'other' },
    other: leaf,
    leaf,
    spare: leaf,
  }
  expect(messages({ root: 'a', nodes })).toEqual([
    "warning nodes.spare: nothing leads to node 'spare'",
    "warning nodes.b.no: nobody ever goes from 'b' to its no: what was asked before has decided it",
  ])
})

test('every tree that is accepted decides for all facts, by a way that its questions bear out', () => {
  const count = 8
  const node = fc.record({
    feature: fc.constantFrom('x', 'y'),
    atLeast: fc.integer({ min: 0, max: 4 }),
    yes: fc.integer({ min: 1, max: count }),
    no: fc.integer({ min: 1, max: count }),
  })
  fc.assert(
    fc.property(
      fc.array(node, { minLength: 1, maxLength: count }),
      fc.record({ x: fc.integer({ min: 0, max: 4 }), y: fc.integer({ min: 0, max: 4 }) }),
      (drafts, facts) => {
        const nodes: DecisionTreeData['nodes'] = { end: { strategy: { done: true } } }
        const target = (own: number, ahead: number) =>
          own + ahead < drafts.length ? `n${own + ahead}` : 'end'
        for (const [i, { yes, no, ...rest }] of drafts.entries())
          nodes[`n${i}`] = { ...rest, yes: target(i, yes), no: target(i, no) }
        const data = { name: 't', version: '1.0.0', root: 'n0', nodes }
        const { tree: read, problems } = readDecisionTree({ data })
        const decision = read?.decide(facts)
        expect(decision?.leaf).toBe('end')
        for (const { node: id, went } of decision?.path ?? []) {
          const { feature, atLeast = 0 } = nodes[id] as { feature: 'x' | 'y'; atLeast?: number }
          expect(went).toBe(facts[feature] >= atLeast ? 'yes' : 'no')
          expect(problems.map(({ path }) => path)).not.toContain(`nodes.${id}.${went}`)
        }
      },
    ),
  )
})

test('as an agent it decides in a step, under the TDA context of the call', async () => {
  const engine = await openEngine({ agents: [decisionTreeAgent(tree)] })
  const decide = {
    agent: 'triage',
    action: 'decide',
    with: { facts: { ...severity(0.9), team: 'ops' } },
  }
  const calm = { agent: 'triage', action: 'decide' }
  const document = { name: 'w', version: '1.0.0', steps: { decide, calm } }
  const run = await engine.executeWorkflow('w', document)
  expect(run.output).toMatchObject({ decide: { leaf: 'vote' }, calm: { leaf: 'alone' } })
  await engine.close()
})
