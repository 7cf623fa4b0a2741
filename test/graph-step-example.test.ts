import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

const folder = join(examples, 'langgraph')
const document = join(folder, 'publish.yaml')
const agents = ['--agents', join(folder, 'publish.ts')]

test('the example of a graph step waits for its review, and publishes once', async () => {
  const cwd = newFolder()
  const named = ['--input', 'topic=tides', '--id', 'note-1', '--detach'] as const
  const start = await auraJson(cwd, 'run', document, ...agents, ...named)
  expect(start.code).toBe(0)
  const signal = ['signal', 'note-1', 'review', '--data', '{"approved": true}']
  expect((await auraJson(cwd, ...signal)).code).toBe(0)
  const run = await auraJson<{ output: unknown }>(cwd, 'run', document, ...agents, '--id', 'note-1')
  expect(run.value.output).toEqual({ text: 'What is known of tides.', receipt: 'note-1/note/1/c1' })
})

test('validate knows graphs, and names the nearest for one that is not there', async () => {
  const cwd = newFolder()
  const known = await auraJson<object>(cwd, 'validate', document, ...agents)
  expect(known).toMatchObject({ code: 0, value: { valid: true, problems: [] } })
  const without = await auraJson<object>(cwd, 'validate', document)
  expect(without.value).toMatchObject({
    valid: true,
    problems: [{ path: 'steps.note.graph', level: 'warning', message: "there is no graph 'note'" }],
  })
})
