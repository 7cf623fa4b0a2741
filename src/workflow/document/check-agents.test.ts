import { expect, test } from 'vitest'
import type { KnownAgents } from './check-agents.ts'
import { readDocument } from './read.ts'

const agents: KnownAgents = {
  names: ['tool', 'observer'],
  actionsOf: (agent) =>
    agent === 'tool' ? ['echo', 'undo'] : agent === 'observer' ? ['detect'] : undefined,
  level: 'error',
}

test('unknown agents and actions are reported beside everything else, where they stand', () => {
  const text = `name: x
version: 1.0.0
steps:
  a: { agent: tol, action: echo, wth: 1 }
  b: { agent: tool, action: eco, compensate: { agent: tool, action: undo } }
  c: { agent: tool, action: echo, compensate: { agent: nobody, action: x }, fallback: { agent: observer, action: echo } }
`
  const { document, problems } = readDocument(text, { file: 'x.yaml', agents })
  expect(document).toBeNull()
  expect(problems.map(({ path, hint, line, column }) => [path, hint, line, column])).toEqual([
    ['steps.a.agent', "did you mean 'tool'?", 4, 15],
    ['steps.a.wth', "did you mean 'with'?", 4, 34],
    ['steps.b.action', "did you mean 'echo'?", 5, 29],
    ['steps.c.compensate.agent', 'hand the module that defines it over with --agents', 6, 56],
    ['steps.c.fallback.action', null, 6, 114],
  ])
})

test('a workflow names no agent, but what undoes it and steps in for it does', () => {
  const text = `name: x
version: 1.0.0
steps:
  a: { workflow: { name: tol }, compensate: { agent: tool, action: un }, fallback: [{ workflow: { name: w } }, { agent: nobody, action: x }] }
  b: { agent: tool, action: echo, fallback: { workflow: { name: nobody } } }
`
  const { problems } = readDocument(text, { file: 'x.yaml', agents })
  expect(problems.map(({ path }) => path)).toEqual([
    'steps.a.compensate.action',
    'steps.a.fallback[1].agent',
  ])
})

test('as warnings they leave the document', () => {
  const text = 'name: x\nversion: 1.0.0\nsteps:\n  a: { agent: nobody, action: echo }\n'
  const { document, problems } = readDocument(text, {
    file: 'x.yaml',
    agents: { ...agents, level: 'warning' },
  })
  expect(document?.name).toBe('x')
  expect(problems).toHaveLength(1)
})
