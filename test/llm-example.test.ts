import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

test.each([
  ['Can I get a lamp?', true],
  ['a chair please', false],
])('the clerk of examples/llm answers "%s" with its tools', async (question, isReserved) => {
  const folder = join(examples, 'llm')
  const words = ['--agents', join(folder, 'agents.ts'), '--input', `question=${question}`]
  const { code, value } = await auraJson<{ output: object }>(
    newFolder(),
    'run',
    join(folder, 'shop.yaml'),
    ...words,
  )
  expect(code).toBe(0)
  expect(value.output).toMatchObject({ isReserved })
})
