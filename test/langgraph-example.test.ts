import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'graph-example-'))
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

it('the example of a graph of agents says the same twice, and calls its agents once', async () => {
  const lines: unknown[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line))
  process.argv[2] = join(directory, 'review.db')
  await import('../examples/langgraph/review.ts')
  expect(lines).toHaveLength(3)
  expect(lines.at(-1)).toContain('"text":"Checkpoints, with an example"')
  vi.resetModules()
  await import('../examples/langgraph/review.ts')
  expect(lines.slice(3)).toEqual(lines.slice(2, 3))
})
