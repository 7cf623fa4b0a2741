import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openEngine } from '../src/index.ts'
import { openLook } from '../src/engine/index.ts'
import { execute, fiveSteps, noopAgent } from './bench-engine.ts'
import { fillFile } from './filled-file.ts'

it('leaves a file as if so many executions had been run, on which an engine goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'filled-file-'))
  try {
    const file = join(folder, 'aura.db')
    await fillFile(file, 2_500)
    const look = openLook(file)
    const all = look.list({ limit: 10_000 })
    expect(all.length).toBe(2_500)
    expect(new Set(all.map(({ executionId }) => executionId)).size).toBe(2_500)
    expect(all.every(({ status }) => status === 'completed')).toBe(true)
    const shown = look.show(all[17]?.executionId ?? '')
    expect(shown.steps['five']?.status).toBe('completed')
    look.close()
    const engine = await openEngine({ db: file, agents: [noopAgent()] })
    await execute(engine, fiveSteps)
    await engine.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
