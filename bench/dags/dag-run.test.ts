import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { runDag } from './dag-run.ts'

const directory = mkdtempSync(join(tmpdir(), 'dag-run-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('runs parents before children, beside each other where they may, and tells what lay between', async () => {
  const tasks = [
    { id: 'End: Report', parents: ['Left', 'Right'], runtimeMs: 0 },
    { id: 'Left', parents: ['Begin'], runtimeMs: 60 },
    { id: 'Right', parents: ['Begin'], runtimeMs: 60 },
    { id: 'Begin', parents: [], runtimeMs: 40 },
  ]
  const row = await runDag({ directory, name: 'diamond', tasks })
  expect(row).toMatchObject({ name: 'diamond', tasks: 4, criticalPathMs: 100 })
  // A timer of libuv may fire up to a millisecond early by the monotonic clock.
  expect(row.makespanMs).toBeGreaterThan(97)
  expect(row.makespanRatio).toBeCloseTo(row.makespanMs / 100, 2)
  expect(row.overheadMsPerTask).toBeGreaterThan(0)
  expect(row.overheadMsPerTask * 2).toBeLessThan(row.makespanMs)
})
