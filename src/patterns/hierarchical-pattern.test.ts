import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { AgentRequest } from './drive.ts'
import { HierarchicalPattern } from './hierarchical-pattern.ts'

interface Asked {
  readonly phase: 'plan' | 'review'
  readonly round: number
  readonly workers: readonly string[]
  readonly assignments: readonly JsonObject[]
}

/** A lead that gives every worker the task, and is satisfied when nothing failed. */
function lead({ phase, workers, assignments }: Asked): JsonValue {
  if (phase === 'plan') return { assignments: workers.map((agent, n) => ({ agent, input: { n } })) }
  const latest = new Map(assignments.map((one) => [one['agent'], one]))
  const failed = [...latest.values()].filter(({ status }) => status === 'failed')
  if (failed.length === 0)
    return { done: true, output: [...latest.values()].map(({ output }) => output as JsonValue) }
  return { assignments: failed.map(({ agent, input }) => ({ agent, input }) as JsonObject) }
}

function isAsked(input: JsonValue): input is JsonObject & Asked {
  return typeof input === 'object' && input !== null && 'phase' in input
}

const answer = ({ agent, input }: AgentRequest): unknown =>
  isAsked(input) ? lead(input) : `${agent}${(input as { n: number }).n}`

test('a supervisor plans, its workers work at once, it reviews', async () => {
  const asked: AgentRequest[] = []
  const pattern = new HierarchicalPattern({
    call: (request) => {
      asked.push(request)
      return answer(request)
    },
  })
  expect(await pattern.supervisorWorker('boss', ['a', 'b'], { what: 'x' })).toEqual({
    output: ['a0', 'b1'],
    rounds: 1,
    assignments: [
      {
        round: 1,
        agent: 'a',
        input: { n: 0 },
        status: 'completed',
        output: 'a0',
        error: null,
        team: null,
      },
      {
        round: 1,
        agent: 'b',
        input: { n: 1 },
        status: 'completed',
        output: 'b1',
        error: null,
        team: null,
      },
    ],
  })
  expect(asked.map(({ agent }) => agent)).toEqual(['boss', 'a', 'b', 'boss'])
  expect(asked[0]?.input).toEqual({
    phase: 'plan',
    task: { what: 'x' },
    workers: ['a', 'b'],
    round: 0,
    assignments: [],
  })
})

test('failed work is delegated again within the bound', async () => {
  let failures = 1
  const pattern = new HierarchicalPattern({
    call: (request) => {
      if (request.agent === 'b' && failures-- > 0) throw new Error('tired')
      return answer(request)
    },
  })
  expect(await pattern.supervisorWorker('boss', ['a', 'b'], {})).toMatchObject({
    output: ['a0', 'b1'],
    rounds: 2,
    assignments: [{ round: 1 }, { round: 1, status: 'failed' }, { round: 2, agent: 'b' }],
  })
})

test('more rounds than allowed are a PatternError', async () => {
  const host = {
    call: (request: AgentRequest) => {
      if (request.agent === 'b') throw new Error('tired')
      return answer(request)
    },
  }
  const pattern = new HierarchicalPattern(host, { roundsMax: 2 })
  await expect(pattern.supervisorWorker('boss', ['b'], {})).rejects.toMatchObject({
    code: 'PatternError',
    message: "'boss' wants more work after 2 rounds (options.roundsMax)",
  })
})

test('a worker with a team plans, delegates and reviews itself', async () => {
  const pattern = new HierarchicalPattern({ call: answer }, { teams: { b: ['c', 'd'] } })
  expect(await pattern.supervisorWorker('boss', ['a', 'b'], {})).toMatchObject({
    output: ['a0', ['c0', 'd1']],
    rounds: 1,
    assignments: [
      { agent: 'a', team: null },
      {
        agent: 'b',
        status: 'completed',
        team: { rounds: 1, assignments: [{ agent: 'c' }, { agent: 'd' }] },
      },
    ],
  })
})

test('a worker with the name of something that objects have has no team for it', async () => {
  const pattern = new HierarchicalPattern({ call: answer }, { teams: { b: ['c', 'd'] } })
  const { assignments } = await pattern.supervisorWorker('boss', ['b', 'constructor'], {})
  expect(assignments).toMatchObject([
    { agent: 'b', team: { rounds: 1 } },
    { agent: 'constructor', status: 'completed', team: null },
  ])
})

test('each phase may have an action of its own', async () => {
  const actions: string[] = []
  const pattern = new HierarchicalPattern(
    {
      action: 'do',
      call: (request) => {
        actions.push(`${request.agent}.${request.action}`)
        return answer(request)
      },
    },
    { actions: { plan: 'split', review: 'judge' } },
  )
  await pattern.supervisorWorker('boss', ['a'], {})
  expect(actions).toEqual(['boss.split', 'a.do', 'boss.judge'])
})

test.each([
  ['no object', 'ready', 'it is no object'],
  ['a list that is none', { assignments: 'a' }, "'assignments' is no list"],
  ['a stranger', { assignments: [{ agent: 'zoe' }] }, 'assignments[0] names no worker of a'],
])('a plan with %s is an AgentOutputError', async (_, plan, fault) => {
  const pattern = new HierarchicalPattern({ call: () => plan })
  await expect(pattern.supervisorWorker('boss', ['a'], {})).rejects.toMatchObject({
    code: 'AgentOutputError',
    message: `boss.run gave no plan: ${fault}`,
  })
})

test('a supervisor that throws fails the pattern with its own error', async () => {
  const pattern = new HierarchicalPattern({
    call: () => {
      throw new Error('ill')
    },
  })
  await expect(pattern.supervisorWorker('boss', ['a'], {})).rejects.toMatchObject({
    code: 'AgentError',
    message: 'boss.run failed to plan: ill',
  })
})

test.each([
  [['a'], { a: ['b'], b: ['a'] }, "'a' would work for itself"],
  [['a'], { z: ['b'] }, "'z' leads a team and is no worker here"],
  [['boss'], {}, "'boss' is there twice; in a hierarchical each agent is there once"],
  [[], {}, 'a hierarchical pattern needs a supervisor and a worker'],
])('workers %j with teams %j are refused', async (workers, teams, message) => {
  const pattern = new HierarchicalPattern({ call: answer }, { teams })
  await expect(pattern.supervisorWorker('boss', workers, {})).rejects.toMatchObject({
    code: 'InputError',
    message: `this is no hierarchical: ${message}`,
  })
})
