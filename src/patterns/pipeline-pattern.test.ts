import { expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { PipelinePattern } from './pipeline-pattern.ts'

const append = new PipelinePattern({ call: ({ agent, input }) => `${input as string}${agent}` })

test('each output is the next input, and every stage is in the result', async () => {
  expect(await append.executeSequential(['b', 'c', 'd'], 'a')).toEqual({
    output: 'abcd',
    stages: [
      { agent: 'b', output: 'ab' },
      { agent: 'c', output: 'abc' },
      { agent: 'd', output: 'abcd' },
    ],
  })
})

test('a joint makes the next input of the output', async () => {
  const joints = [null, { map: (output: unknown) => `<${String(output)}>` }]
  const { output } = await append.executeSequential(['b', 'c', 'd'], 'a', { joints })
  expect(output).toBe('<abc>d')
})

test('stopWhen ends it early with that output', async () => {
  const stopWhen = (output: unknown, { index }: { index: number }) =>
    index === 1 && output === 'abc'
  const result = await append.executeSequential(['b', 'c', 'd'], 'a', { stopWhen })
  expect(result).toMatchObject({ output: 'abc', stages: [{ agent: 'b' }, { agent: 'c' }] })
})

test('an output that does not match the schema of its joint is an AgentOutputError', async () => {
  const lies = new PipelinePattern({ call: () => ({ size: 'big' }) })
  const schema: JsonObject = { type: 'object', properties: { size: { type: 'number' } } }
  await expect(
    lies.executeSequential(['a', 'b'], {}, { joints: [{ schema }] }),
  ).rejects.toMatchObject({
    code: 'AgentOutputError',
    message: 'stage 1 of 2 (a.run) gave what its joint refuses: output.size must be number',
  })
})

test('the stage that fails is named, with what was done before it', async () => {
  const breaks = new PipelinePattern({
    call: ({ agent }) => {
      if (agent === 'b') throw new Error('no ink')
      return agent
    },
  })
  await expect(breaks.executeSequential(['a', 'b', 'c'], {})).rejects.toMatchObject({
    code: 'AgentError',
    message: 'stage 2 of 3 (b.run) failed: no ink',
    retryable: false,
    details: { stage: 1, agent: 'b', stages: [{ agent: 'a', output: 'a' }] },
  })
})

test('a stage that hangs is aborted at the deadline', async () => {
  const time = new FakeTime()
  const aborted: boolean[] = []
  const hangs = new PipelinePattern({
    clock: time.newLife(),
    call: ({ signal }) =>
      new Promise(() => signal.addEventListener('abort', () => aborted.push(true))),
  })
  const running = hangs.executeSequential(['a', 'b'], {}, { deadlineMs: 50 })
  await Promise.all([
    time.advance(50),
    expect(running).rejects.toMatchObject({ code: 'WorkflowTimeoutError' }),
  ])
  expect(aborted).toEqual([true])
})

test('no agents, and more joints than there are between the stages, are refused', async () => {
  await expect(append.executeSequential([], 'a')).rejects.toMatchObject({ code: 'InputError' })
  await expect(append.executeSequential(['b'], 'a', { joints: [null] })).rejects.toMatchObject({
    code: 'InputError',
    message: /1 stages have 0 joints/,
  })
})
