import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defineAgent } from '../../agents/index.ts'
import { openReader } from '../../storage/index.ts'
import { defineWorkflow } from '../../workflow/index.ts'
import type { EmbeddedEngine } from '../embedded-engine.ts'
import { openEngine } from '../open-engine.ts'
import { diskUse } from './disk-use.ts'
import { largestExecutions } from './largest.ts'

let folder = ''
let path = ''
let engine: EmbeddedEngine
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'disk-use-'))
  path = join(folder, 'aura.db')
  engine = await openEngine({ db: path, agents: [agent] })
})
afterEach(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const agent = defineAgent({
  type: 'clerk',
  actions: {
    copy: { effect: 'read', run: (input) => Promise.resolve(input) },
    fail: { effect: 'read', run: () => Promise.reject(new Error('no')) },
  },
})
const steps = { a: { agent: 'clerk', action: 'copy', with: { text: '${ input.text }' } } }
const copy = defineWorkflow({ name: 'copy', version: '1.0.0', steps })
const parent = defineWorkflow({
  name: 'parent',
  version: '1.0.0',
  steps: { child: { workflow: { name: 'copy', version: '1', input: { text: 'z' } } } },
})
const broken = defineWorkflow({
  name: 'broken',
  version: '1.0.0',
  steps: { a: { agent: 'clerk', action: 'fail', retry: { maxAttempts: 1 } } },
})
const asleep = defineWorkflow({ name: 'asleep', version: '1.0.0', steps: { a: { sleep: '9h' } } })

const forEver = { endedBeforeMs: null, endedMax: 1_000, deadLetterEndedBeforeMs: null }
const all = { endedBeforeMs: 9e15, endedMax: 1_000, deadLetterEndedBeforeMs: 9e15 }

async function addCopies(count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const input = { text: 'x'.repeat(100 * n) }
    await engine.executeWorkflow('copy', copy, { executionId: `copy-${n}`, input })
  }
}

describe('disk use', () => {
  it('counts what is in the file while its owner goes on', async () => {
    await addCopies(3)
    const input = { text: 'y'.repeat(50_000) }
    await engine.executeWorkflow('copy', copy, { executionId: 'large', input })
    await engine.startWorkflow('asleep', asleep, { executionId: 'sleeper' })
    await engine.executeWorkflow('broken', broken, { executionId: 'broken' })
    const use = diskUse(path, forEver)
    expect(use).toMatchObject({
      fileBytes: statSync(path).size,
      walBytes: statSync(`${path}-wal`).size,
      executions: { open: 1, ended: 5, tombstones: 0 },
      blobs: { count: 1 },
      deadLetters: 1,
      isSampled: false,
      retention: { executions: 0, bytes: 0 },
    })
    expect(use.blobs.bytes).toBeGreaterThan(50_000)
    expect(use.tables.find(({ name }) => name === 'executions')?.rows).toBe(6)
    const pages = openReader(path)
    const { total } =
      pages.prepare('SELECT sum(pgsize) AS total FROM dbstat WHERE aggregate = TRUE').get() ?? {}
    pages.close()
    const schemaPages = Number(total) - use.tables.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(schemaPages).toBeLessThan(20_000)
  })

  it('names the largest journals, largest first, found whole or in a sample', async () => {
    await addCopies(12)
    const reader = openReader(path)
    const wanted = [12, 11, 10].map((n) => `copy-${n}`)
    for (const exactRowsMax of [500_000, 5]) {
      const { largest, isSampled } = largestExecutions(reader, 3, exactRowsMax)
      expect(isSampled).toBe(exactRowsMax === 5)
      expect(largest.map(({ executionId }) => executionId)).toEqual(wanted)
      expect(largest[0]?.journalBytes).toBeGreaterThan(2_400)
      expect(largest[0]).toMatchObject({ workflow: 'copy', status: 'completed' })
    }
    reader.close()
  })

  it('tells what retention would free: by age, by count, with children, sparing dead letters', async () => {
    await engine.registerWorkflow(copy)
    await addCopies(2)
    await engine.executeWorkflow('parent', parent, { executionId: 'parent' })
    await engine.executeWorkflow('broken', broken, { executionId: 'broken' })
    const removable = (ages: object): number =>
      diskUse(path, { ...forEver, ...ages }).retention.executions
    expect(removable(all)).toBe(5)
    expect(removable({ endedBeforeMs: 9e15 })).toBe(4)
    expect(removable({ endedMax: 1, deadLetterEndedBeforeMs: 9e15 })).toBe(4)
    expect(removable({ endedMax: 0, deadLetterEndedBeforeMs: 9e15 })).toBe(5)
    expect(diskUse(path, all).retention.bytes).toBeGreaterThan(1_000)
  })
})
