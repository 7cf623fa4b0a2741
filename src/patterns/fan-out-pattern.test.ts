import { expect, test } from 'vitest'
import { FakeTime } from '../testing/fake-clock.ts'
import { FanOutPattern } from './fan-out-pattern.ts'

const agents = ['a', 'bb', 'ccc']
const measure = new FanOutPattern({ call: ({ agent }) => ({ size: agent.length, [agent]: true }) })

/** Agents that answer when they are told to; `bad` ones throw. */
function staged(bad: readonly string[] = [], time = new FakeTime()) {
  const open = new Map<string, (output: unknown) => void>()
  const aborted: string[] = []
  const fanOut = new FanOutPattern({
    clock: time.newLife(),
    call: ({ agent, signal }) => {
      if (bad.includes(agent)) throw new Error(`${agent} is bad`)
      signal.addEventListener('abort', () => aborted.push(agent))
      return new Promise((resolve) => open.set(agent, resolve))
    },
  })
  const started = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { fanOut, open, aborted, started, time }
}

test('all: every result, and the outputs in the order of the agents', async () => {
  const { results, output } = await measure.executeParallel(agents, {})
  expect(results.map(({ agent, status, error }) => [agent, status, error])).toEqual([
    ['a', 'completed', null],
    ['bb', 'completed', null],
    ['ccc', 'completed', null],
  ])
  expect(output).toMatchObject([{ size: 1 }, { size: 2 }, { size: 3 }])
})

test('first: the first output wins, and the others are aborted', async () => {
  const { fanOut, open, aborted, started } = staged(['a'])
  const running = fanOut.executeParallel(agents, {}, { strategy: 'first' })
  await started()
  open.get('ccc')?.('here')
  const { results, output } = await running
  expect(output).toBe('here')
  expect(results.map(({ status }) => status)).toEqual(['failed', 'cancelled', 'completed'])
  expect(aborted.toSorted()).toEqual(['bb', 'ccc'])
})

test('quorum: so many outputs are enough', async () => {
  const { fanOut, open, started } = staged()
  const running = fanOut.executeParallel(agents, {}, { strategy: 'quorum', quorum: 2 })
  await started()
  open.get('ccc')?.(3)
  open.get('a')?.(1)
  expect((await running).output).toEqual([1, 3])
})

test('best: the highest score wins, the earlier agent on a tie', async () => {
  const score = (output: unknown) => (output as { size: number }).size % 2
  const { output } = await measure.executeParallel(agents, {}, { strategy: 'best', score })
  expect(output).toMatchObject({ size: 1 })
})

test('merge: one object, later agents win', async () => {
  const { output } = await measure.executeParallel(agents, {}, { strategy: 'merge' })
  expect(output).toEqual({ size: 3, a: true, bb: true, ccc: true })
})

test('merge refuses an output that is no object', async () => {
  const odd = new FanOutPattern({ call: ({ agent }) => (agent === 'bb' ? [1] : {}) })
  await expect(odd.executeParallel(agents, {}, { strategy: 'merge' })).rejects.toMatchObject({
    code: 'AgentOutputError',
    details: { agent: 'bb' },
  })
})

test('reduce: another agent makes the output of the results', async () => {
  const sum = new FanOutPattern({
    call: ({ agent, input }) =>
      agent === 'adder' ? (input as { results: object[] }).results.length : null,
  })
  const reduce = { agent: 'adder', action: 'add' }
  expect((await sum.executeParallel(agents, {}, { strategy: 'reduce', reduce })).output).toBe(3)
})

test('one failure fails it, unless failuresMax allows it', async () => {
  const flaky = new FanOutPattern({
    call: ({ agent }) => {
      if (agent === 'bb') throw new Error('no')
      return agent
    },
  })
  await expect(flaky.executeParallel(agents, {})).rejects.toMatchObject({
    code: 'PatternError',
    message: '1 of 3 agents failed, options.failuresMax is 0; bb.run: no',
    details: { results: { length: 3 } },
  })
  const { output } = await flaky.executeParallel(agents, {}, { failuresMax: 1 })
  expect(output).toEqual(['a', 'ccc'])
})

test('agents that hang have failed at the deadline', async () => {
  const { fanOut, open, started, time } = staged()
  const running = fanOut.executeParallel(agents, {}, { deadlineMs: 20, failuresMax: 2 })
  await started()
  open.get('a')?.(1)
  await started()
  await time.advance(20)
  expect(await running).toMatchObject({
    output: [1],
    results: [{ status: 'completed' }, { status: 'cancelled' }, { status: 'cancelled' }],
  })
  const strict = fanOut.executeParallel(agents, {}, { deadlineMs: 20 })
  await Promise.all([
    time.advance(20),
    expect(strict).rejects.toMatchObject({ code: 'WorkflowTimeoutError' }),
  ])
})

test('an output that is no JSON is a failure of its agent', async () => {
  const odd = new FanOutPattern({ call: () => 1n })
  await expect(odd.executeParallel(['a'], {})).rejects.toMatchObject({
    details: { results: [{ error: { code: 'AgentOutputError' } }] },
  })
})

test.each([
  [{ strategy: 'best' } as const, 'strategy best needs options.score'],
  [{ quorum: 2 }, 'options.quorum does nothing with strategy all'],
  [
    { strategy: 'quorum', quorum: 4 } as const,
    'options.quorum is higher than the number of agents',
  ],
])('%j is refused', async (options, message) => {
  await expect(measure.executeParallel(agents, {}, options)).rejects.toMatchObject({
    code: 'InputError',
    message: `this is no fanOut: ${message}`,
  })
})
