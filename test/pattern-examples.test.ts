import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { silentTelemetry } from '../src/core/contracts/telemetry.ts'
import { defineAgent, openEngine } from '../src/index.ts'
import { auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

const folder = join(examples, 'patterns')

async function run(name: string, ...input: readonly string[]): Promise<unknown> {
  const words = ['--agents', join(folder, 'agents.ts'), ...input.flatMap((one) => ['--input', one])]
  const { code, value } = await auraJson<{ output: unknown }>(
    newFolder(),
    'run',
    join(folder, `${name}.yaml`),
    ...words,
  )
  expect(code).toBe(0)
  return value.output
}

test('pipeline: each agent works on what the one before has made', async () => {
  expect(await run('pipeline', 'text=  a short note ')).toEqual({
    output: { text: 'A short notice.' },
    stages: [
      { agent: 'writer', output: { text: 'a short note' } },
      { agent: 'proofreader', output: { text: 'A short note' } },
      { agent: 'publisher', output: { text: 'A short notice.' } },
    ],
  })
})

test('fan-out: the best of all answers', async () => {
  expect(await run('fan-out', 'text=one two three')).toMatchObject({
    output: { words: 13 },
    results: [
      { agent: 'writer', status: 'completed', output: { words: 3 } },
      { agent: 'proofreader', status: 'completed', output: { words: 13 } },
    ],
  })
})

test('consensus: the vote of most weight, with every dissent', async () => {
  const output = await run('consensus', 'proposal=we guarantee a very long password')
  expect(output).toMatchObject({ verdict: 'reject', agreement: 1, winner: { confidence: 0.9 } })
  const dissent = await run('consensus', 'proposal=we guarantee nothing')
  expect(dissent).toMatchObject({
    verdict: 'accept',
    votes: [
      { agent: 'security', value: 'accept' },
      { agent: 'legal', value: 'reject', reason: 'it says guarantee' },
      { agent: 'style', value: 'accept' },
    ],
  })
})

test('hierarchical: a supervisor delegates, and joins what comes back', async () => {
  expect(await run('hierarchical', 'topics=["tides","winds"]')).toMatchObject({
    output: { report: 'What is known of tides. What is known of winds.' },
    rounds: 1,
    assignments: [{ agent: 'writer' }, { agent: 'writer' }],
  })
})

test('event-driven: in order by account, and one alarm for a burst', async () => {
  const lines: unknown[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(line))
  await import('../examples/patterns/event-driven.ts')
  log.mockRestore()
  expect(lines).toEqual(['ada pays 1', 'ada pays 2', 'alarm: "full at 97%"'])
})

test('every pattern that a step begins is counted, a fallback too', async () => {
  const used: string[] = []
  const telemetry = { ...silentTelemetry, patternUsed: (name: string) => void used.push(name) }
  const agent = defineAgent({ type: 'a', actions: { do: { effect: 'read', run: () => [] } } })
  const engine = await openEngine({ agents: [agent], telemetry })
  const run = await engine.executeWorkflow('counted', {
    name: 'counted',
    version: '1.0.0',
    steps: {
      vote: {
        pattern: 'consensus',
        agents: ['a'],
        action: 'do',
        fallback: { pattern: 'pipeline', agents: ['a', 'a'], action: 'do' },
      },
    },
  })
  await engine.close()
  expect(run.status).toBe('completed')
  expect(used).toEqual(['consensus', 'pipeline'])
})
