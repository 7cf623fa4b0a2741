import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../core/json.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import {
  type ConsensusOptions,
  ConsensusPattern,
  type ConsensusResult,
} from './consensus-pattern.ts'

/** Agents `a`, `b`, … that answer with these outputs; an Error is thrown. */
async function decide(
  outputs: readonly unknown[],
  options: ConsensusOptions = {},
): Promise<ConsensusResult> {
  const agents = outputs.map((_, place) => String.fromCodePoint(97 + place))
  const consensus = new ConsensusPattern({
    call: ({ agent }) => {
      const output = outputs[agents.indexOf(agent)]
      if (output instanceof Error) throw output
      return output
    },
  })
  return await consensus.reachConsensus(agents, {}, options)
}

const choose = (choice: JsonValue, rest: object = {}): object => ({ choice, ...rest })

test('majority: more than half of the votes, with every vote and dissent', async () => {
  const dissent = { choice: 'stay', confidence: 0.4, reason: 'too risky' }
  const first = { choice: 'go', confidence: 0.9, reason: 'it is time', plan: 1 }
  expect(await decide([first, { choice: 'go' }, dissent])).toEqual({
    choice: 'go',
    agreement: 2 / 3,
    winner: { choice: 'go' },
    votes: [
      {
        agent: 'a',
        value: 'go',
        confidence: 0.9,
        weight: 1,
        reason: 'it is time',
        abstained: false,
      },
      { agent: 'b', value: 'go', confidence: 1, weight: 1, reason: null, abstained: false },
      {
        agent: 'c',
        value: 'stay',
        confidence: 0.4,
        weight: 1,
        reason: 'too risky',
        abstained: false,
      },
    ],
  })
})

test('majority is no plurality', async () => {
  await expect(decide([choose('x'), choose('y'), choose('z')])).rejects.toMatchObject({
    code: 'NoConsensusError',
    message: /the most votes for one choice are 1, majority needs more than half of 3/,
    details: { votes: { length: 3 } },
  })
})

test('unanimous: one dissent is enough to fail, an abstention is not', async () => {
  const options = { strategy: 'unanimous' } as const
  await expect(decide([choose(1), choose(2)], options)).rejects.toMatchObject({
    code: 'NoConsensusError',
  })
  expect(await decide([choose(1), { abstain: true }], options)).toMatchObject({
    choice: 1,
    agreement: 1,
  })
})

test('weighted: declared weights, else the confidence', async () => {
  const outputs = [
    choose('x', { confidence: 0.5 }),
    choose('y', { confidence: 0.4 }),
    choose('y', { confidence: 0.2 }),
  ]
  const options = { strategy: 'weighted' } as const
  const { choice, agreement } = await decide(outputs, options)
  expect(choice).toBe('y')
  expect(agreement).toBeCloseTo(0.6 / 1.1)
  expect((await decide(outputs, { ...options, weights: { a: 2 } })).choice).toBe('x')
})

test('weighted: a voter with the name of something that objects have votes by its confidence', async () => {
  const call = ({ agent }: { readonly agent: string }): object =>
    choose(agent, { confidence: agent === 'toString' ? 0.9 : 0.1 })
  const consensus = new ConsensusPattern({ call })
  const options = { strategy: 'weighted' } as const
  const { choice } = await consensus.reachConsensus(['a', 'toString', 'b'], {}, options)
  expect(choice).toBe('toString')
})

test('borda: a compromise beats the favourite of the few', async () => {
  const ranks = (...ranking: string[]) => ({ ranking })
  const { choice, winner } = await decide(
    [ranks('x', 'c', 'y'), ranks('y', 'c', 'x'), ranks('c', 'y', 'x'), ranks('x', 'c', 'y')],
    { strategy: 'borda' },
  )
  expect(choice).toBe('c')
  expect(winner).toEqual(ranks('c', 'y', 'x'))
})

test('quorum decides as soon as enough agree', async () => {
  const consensus = new ConsensusPattern({
    call: ({ agent }) => (agent === 'slow' ? new Promise(() => {}) : { choice: 'go' }),
  })
  const { choice, votes } = await consensus.reachConsensus(
    ['slow', 'b', 'c'],
    {},
    {
      strategy: 'quorum',
      quorum: 2,
    },
  )
  expect(choice).toBe('go')
  expect(votes[0]).toMatchObject({ agent: 'slow', abstained: true })
})

test('a tie fails, unless something breaks it', async () => {
  const tied = [choose('x'), choose('y')]
  const options = { strategy: 'weighted' } as const
  await expect(decide(tied, options)).rejects.toThrow(/level/)
  const inOrder = await decide(tied, { ...options, tieBreak: 'order', choices: ['y', 'x'] })
  expect(inOrder.choice).toBe('y')
  const byAgent = await decide(tied, { ...options, tieBreak: { agent: 'b' } })
  expect(byAgent.choice).toBe('y')
})

test('a veto rules a choice out, from those who may veto only', async () => {
  const outputs = [choose('x'), choose('x'), choose('y', { veto: 'x' })]
  const options = { strategy: 'weighted', veto: ['c'] } as const
  expect((await decide(outputs, options)).choice).toBe('y')
  expect((await decide(outputs, { ...options, veto: [] })).choice).toBe('x')
  await expect(decide(outputs, { veto: ['c'] })).rejects.toMatchObject({ code: 'NoConsensusError' })
  const all = [choose('x'), choose('x', { veto: true })]
  await expect(decide(all, { veto: ['b'] })).rejects.toThrow(/rules out every choice/)
})

test('quorum waits for those who may veto', async () => {
  const asked: string[] = []
  const open: ((output: unknown) => void)[] = []
  const consensus = new ConsensusPattern({
    call: ({ agent }) => {
      asked.push(agent)
      return agent === 'c' ? new Promise((resolve) => open.push(resolve)) : { choice: 'x' }
    },
  })
  const running = consensus.reachConsensus(
    ['a', 'b', 'c'],
    {},
    {
      strategy: 'quorum',
      quorum: 2,
      veto: ['c'],
    },
  )
  for (let turn = 0; turn < 9; turn++) await Promise.resolve()
  open[0]?.({ choice: 'y', veto: 'x' })
  await expect(running).rejects.toThrow(/quorum needs 2/)
})

test.each([
  ['throws', new Error('no power'), 'failed: AgentError: no power'],
  ['lies about its shape', [1], "not counted: answered no object with 'choice'"],
  ['votes outside the choices', choose('z'), 'not counted: votes for "z", which is no choice'],
  [
    'is surer than sure',
    choose('x', { confidence: 7 }),
    'not counted: has confidence 7, not 0 to 1',
  ],
  ['is not sure enough', choose('x', { confidence: 0.1 }), 'confidence 0.1 is under 0.3'],
])('an agent that %s abstains with that reason', async (_, output, reason) => {
  const { votes } = await decide([choose('x'), output], { choices: ['x', 'y'], confidenceMin: 0.3 })
  expect(votes[1]).toMatchObject({ agent: 'b', value: null, weight: 0, abstained: true, reason })
})

test('invalid: fail makes a vote outside the choices an AgentOutputError', async () => {
  await expect(
    decide([choose('x'), choose('z')], { choices: ['x', 'y'], invalid: 'fail' }),
  ).rejects.toMatchObject({ code: 'AgentOutputError', details: { agent: 'b' } })
})

test('all abstaining is no decision', async () => {
  await expect(decide([{}, { abstain: true }, new Error('x')])).rejects.toMatchObject({
    code: 'NoConsensusError',
    message: "no decision on 'choice': all 3 voters abstained",
  })
})

test('too few votes cast are no decision', async () => {
  await expect(decide([choose('x'), {}, {}], { quorum: 2 })).rejects.toThrow(/1 votes were cast/)
})

test('who has not voted at the deadline abstains', async () => {
  const time = new FakeTime()
  const consensus = new ConsensusPattern({
    clock: time.newLife(),
    call: ({ agent }) => (agent === 'b' ? new Promise(() => {}) : { choice: 'go' }),
  })
  const running = consensus.reachConsensus(['a', 'b'], {}, { deadlineMs: 100 })
  await time.advance(100)
  expect(await running).toMatchObject({
    choice: 'go',
    votes: [{ agent: 'a' }, { agent: 'b', abstained: true, reason: 'no vote before the deadline' }],
  })
})

test.each([
  [['a', 'a'], {}, "'a' is there twice; in a consensus each agent is there once"],
  [['a', 'b'], { quorum: 3 }, 'options.quorum is higher than the number of agents'],
  [['a', 'b'], { field: 'votes' }, "the result has a field 'votes' of its own"],
  [['a', 'b'], { weights: { a: 1 } }, 'options.weights does nothing with strategy majority'],
  [['a', 'b'], { strategy: 'best' as never }, "consensus has no strategy 'best'"],
  [['a', 'b'], { veto: ['c'] }, "'c' does not vote here"],
  [['a', 'b'], { choices: [1, 1] }, 'this choice is there twice'],
])('agents %j with %j are refused', async (agents, options, message) => {
  const consensus = new ConsensusPattern({ call: () => ({}) })
  await expect(consensus.reachConsensus(agents, {}, options)).rejects.toMatchObject({
    code: 'InputError',
    message: `this is no consensus: ${message}`,
  })
})

const outputs = fc.array(
  fc.oneof(
    fc.record({
      choice: fc.constantFrom('x', 'y', 'z'),
      confidence: fc.constantFrom(0.2, 0.7, 1),
    }),
    fc.constantFrom({}, [], new Error('bad'), { choice: 'odd' }),
  ),
  { minLength: 1, maxLength: 6 },
)
const strategy = fc.constantFrom('unanimous', 'majority', 'weighted', 'borda', 'quorum' as const)

test('the order in which agents are named changes no decision', async () => {
  await fc.assert(
    fc.asyncProperty(outputs, strategy, async (given, strategy) => {
      // A quorum may be reached before all have voted.
      fc.pre(strategy !== 'quorum')
      const options = { strategy, choices: ['x', 'y', 'z'] } as const
      const outcome = async (list: readonly unknown[]) =>
        await decide(list, options).then(
          ({ choice, agreement }) => [choice, Math.round(agreement * 1e9)],
          (thrown: Error) => thrown.message,
        )
      expect(await outcome(given.toReversed())).toEqual(await outcome(given))
    }),
  )
})

test('a decision is one of the votes, and its agreement their share', async () => {
  await fc.assert(
    fc.asyncProperty(outputs, strategy, async (given, strategy) => {
      const options = { strategy, choices: ['x', 'y', 'z'], tieBreak: 'order' } as const
      const result = await decide(given, options).catch(() => null)
      if (result === null) return
      const { choice, agreement, votes, winner } = result
      const yes = votes.filter(({ value }) => value === choice)
      expect(yes.length).toBeGreaterThan(0)
      expect(winner).toMatchObject({ choice })
      const weigh = (list: typeof votes) => list.reduce((sum, vote) => sum + Number(vote.weight), 0)
      if (strategy !== 'borda') expect(agreement).toBeCloseTo(weigh(yes) / weigh(votes))
      if (strategy === 'majority') expect(agreement).toBeGreaterThan(0.5)
      if (strategy === 'unanimous') expect(agreement).toBe(1)
    }),
  )
})
