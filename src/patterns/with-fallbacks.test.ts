import { expect, test } from 'vitest'
import { ConsensusPattern } from './consensus-pattern.ts'
import type { AgentRequest } from './drive.ts'
import { FanOutPattern } from './fan-out-pattern.ts'
import { withFallbacks } from './with-fallbacks.ts'

const agents = ['a', 'b', 'c']

/** A consensus, then two of three, then one; each agent votes for itself, and `bad` ones throw. */
async function decide(bad: readonly string[], choice?: string) {
  const call = ({ agent }: AgentRequest): unknown => {
    if (bad.includes(agent)) throw new Error('no')
    return { choice: choice ?? agent }
  }
  return await withFallbacks<unknown>([
    {
      name: 'consensus',
      run: async () => (await new ConsensusPattern({ call }).reachConsensus(agents, {})).choice,
    },
    {
      name: 'fanOut',
      run: async () =>
        (await new FanOutPattern({ call }).executeParallel(agents, {}, { strategy: 'quorum' }))
          .output,
    },
    { name: 'supervisor', run: async () => ({ choice: 'told' }) },
  ])
}

test('the first way that succeeds is taken', async () => {
  expect(await decide([], 'x')).toEqual({ output: 'x', degraded: null })
})

test('a consensus without a decision falls back to a fan-out with quorum', async () => {
  expect(await decide([])).toEqual({
    output: [{ choice: 'a' }, { choice: 'b' }],
    degraded: {
      from: 'consensus',
      to: 'fanOut',
      because:
        "NoConsensusError: no decision on 'choice': the most votes for one choice are 1, majority needs more than half of 3",
    },
  })
})

test('a fan-out without its quorum falls back to one supervisor', async () => {
  const { output, degraded } = await decide(agents)
  expect(output).toEqual({ choice: 'told' })
  expect(degraded).toMatchObject({ from: 'consensus', to: 'supervisor' })
})

test('the last way fails with its own error, and no way at all is refused', async () => {
  const ways = ['first', 'last'].map((name) => ({
    name,
    run: () => Promise.reject(new Error(name)),
  }))
  await expect(withFallbacks(ways)).rejects.toThrow('last')
  await expect(withFallbacks([])).rejects.toMatchObject({ code: 'InputError' })
})
