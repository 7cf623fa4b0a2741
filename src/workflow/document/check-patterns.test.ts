import { expect, test } from 'vitest'
import { readDocument } from './read.ts'

function problemsOf(step: string): readonly string[] {
  const text = `name: w\nversion: 1.0.0\nsteps:\n  x: ${step}\n`
  const agents = {
    names: ['a', 'b', 'c'],
    actionsOf: (agent: string) => (['a', 'b', 'c'].includes(agent) ? ['do', 'plan'] : undefined),
    level: 'error' as const,
  }
  const { problems } = readDocument(text, { file: 'w.yaml', agents })
  return problems.map(({ path, message }) => `${path}: ${message}`)
}

const vote = 'pattern: consensus, agents: [a, b, c], action: do'

test.each([
  `{ ${vote} }`,
  `{ ${vote}, options: { strategy: weighted, weights: { a: 2 }, quorum: 2, deadline: 20s } }`,
  `{ ${vote}, options: { tieBreak: { agent: b }, veto: [c], choices: [x, y], field: severity } }`,
  '{ pattern: pipeline, agents: [a, a], action: do, options: { joints: [{ map: { v: "${ output.v }" } }], stopWhen: output.done } }',
  '{ pattern: fanOut, agents: [a, b], action: do, options: { strategy: best, score: output.score } }',
  '{ pattern: hierarchical, agents: [a, b], action: do, options: { actions: { plan: plan }, teams: { b: [c] } } }',
  '{ agent: a, action: do, fallback: [{ pattern: fanOut, agents: [a], action: do }, { agent: b, action: do }] }',
])('the step %s is right', (step) => {
  expect(problemsOf(step)).toEqual([])
})

test.each([
  [
    `{ ${vote}, options: { quorum: 4 } }`,
    'options.quorum: options.quorum is higher than the number of agents',
  ],
  [`{ ${vote}, options: { weigts: { a: 1 } } }`, 'options.weigts: unknown key'],
  [
    `{ ${vote}, options: { roundsMax: 1 } }`,
    "options.roundsMax: consensus has no option 'roundsMax'",
  ],
  [
    `{ ${vote}, options: { strategy: first } }`,
    "options.strategy: consensus has no strategy 'first'",
  ],
  [
    `{ ${vote}, options: { tieBreak: { agent: d } } }`,
    "options.tieBreak.agent: 'd' does not vote here",
  ],
  [`{ ${vote}, options: { deadline: 20 } }`, 'options.deadline'],
  ['{ pattern: consensus, agents: [a, a], action: do }', "agents[1]: 'a' is there twice"],
  ['{ pattern: consensus, agents: [a, d], action: do }', "agents[1]: there is no agent 'd'"],
  [
    '{ pattern: consensus, agents: [a], action: dance }',
    "agents[0]: agent 'a' has no action 'dance'",
  ],
  [
    '{ pattern: fanOut, agents: [a], action: do, options: { strategy: best } }',
    'options.strategy: strategy best needs options.score',
  ],
  [
    '{ pattern: fanOut, agents: [a], action: do, options: { strategy: best, score: "output.x == 1" } }',
    'options.score: this expression never gives a number',
  ],
  [
    '{ pattern: fanOut, agents: [a], action: do, options: { strategy: reduce, reduce: { agent: e, action: do } } }',
    "options.reduce: there is no agent 'e'",
  ],
  [
    '{ pattern: pipeline, agents: [a], action: do, options: { joints: [null] } }',
    'options.joints: 1 stages have 0 joints',
  ],
  [
    '{ pattern: pipeline, agents: [a, b], action: do, options: { joints: [{ schema: { type: text } }] } }',
    'options.joints[0].schema',
  ],
  [
    '{ pattern: pipeline, agents: [a, b], action: do, options: { joints: [{ map: "${ outputs }" }] } }',
    'options.joints[0].map',
  ],
  [
    '{ pattern: pipeline, agents: [a, b], action: do, options: { stopWhen: "size(output)" } }',
    'options.stopWhen: this expression never gives a bool',
  ],
  [
    '{ pattern: hierarchical, agents: [a], action: do }',
    'agents: a hierarchical pattern needs a supervisor and a worker',
  ],
  [
    '{ pattern: hierarchical, agents: [a, b], action: do, options: { teams: { b: [a] } } }',
    "options.teams.b[0]: 'a' would work for itself",
  ],
  [
    '{ agent: a, action: do, fallback: { pattern: consensus, agents: [b, b], action: do } }',
    "fallback.agents[1]: 'b' is there twice",
  ],
])('the step %s has one problem: %s', (step, problem) => {
  const problems = problemsOf(step)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})

test('every option of a pattern is filled in', () => {
  const text = `{ "name": "w", "version": "1.0.0", "steps": { "x": { "pattern": "consensus", "agents": ["a", "b", "c"], "action": "do", "options": { "strategy": "quorum" } } } }`
  expect(readDocument(text, { file: 'w.json' }).document?.steps['x']).toMatchObject({
    pattern: 'consensus',
    agents: ['a', 'b', 'c'],
    action: 'do',
    timeout: '5m',
    retry: { maxAttempts: 4 },
    options: {
      field: 'choice',
      strategy: 'quorum',
      choices: null,
      weights: {},
      quorum: 2,
      confidenceMin: 0,
      invalid: 'abstain',
      veto: [],
      tieBreak: 'fail',
      deadline: null,
    },
  })
})
