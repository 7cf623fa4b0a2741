import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

const folder = join(examples, 'memory')

interface Ran {
  readonly executionId: string
  readonly output: {
    readonly seen: readonly { readonly key: string; readonly score: number }[]
    readonly plan: readonly string[]
  }
}

test('the example of examples/memory remembers an incident for the next execution, and notes for its own', async () => {
  const at = newFolder()
  const run = async (what: string): Promise<Ran> => {
    const words = ['--agents', join(folder, 'agents.ts'), '--input', `what=${what}`]
    const { code, value } = await auraJson<Ran>(at, 'run', join(folder, 'incident.yaml'), ...words)
    expect(code).toBe(0)
    return value
  }
  const first = await run('checkout answers slowly')
  expect(first.output).toEqual({ seen: [], plan: ['look', 'ask', 'decide'] })
  await run('the office has no coffee')
  const third = await run('checkout answers slowly again')
  expect(third.output.seen[0]?.key).toBe(`${first.executionId}/compare/1`)
  expect(third.output.seen[0]?.score).toBeGreaterThan(0.5)
  expect(third.output.plan).toHaveLength(3)
})

test('what docs/memory.md shows of ctx.memory is what the example does', () => {
  const guide = readFileSync(join(examples, '..', 'docs', 'memory.md'), 'utf8')
  const example = readFileSync(join(folder, 'agents.ts'), 'utf8')
  const shown = [...guide.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes('memory.working') || code.includes('memory.recall'))
  expect(shown).toHaveLength(2)
  const lines = shown.flatMap((code) => code.split('\n').map((line) => line.trim()))
  const missing = lines.filter((line) => line !== '' && !example.includes(line))
  expect(missing.filter((line) => line !== '}')).toEqual([])
})
