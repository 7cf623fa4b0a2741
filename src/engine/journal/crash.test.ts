import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { Database, findOwner, openReader } from '../../storage/index.ts'
import { SqliteJournalReader } from './sqlite-reader.ts'
import { SqliteJournal } from './sqlite.ts'

const directories: string[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

const executionsPerBatch = 5

describe('kill -9 of the owner', () => {
  it('loses nothing that was acknowledged, breaks no batch and frees the file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crash-'))
    directories.push(directory)
    const path = join(directory, 'aura.db')
    let acknowledged = 0
    for (const batches of [60, 15, 90]) {
      const last = await appendUntilKilled(path, acknowledged + batches)
      expect(last).toBeGreaterThanOrEqual(acknowledged + batches)
      acknowledged = last
      expect(findOwner(path)).toEqual({ isOwned: false, owner: null })

      const file = openReader(path)
      const seen = recordedBatches(new SqliteJournalReader(file))
      expect(seen).toBeGreaterThanOrEqual(acknowledged)
      file.close()

      const database = Database.open({ path })
      const recorded = recordedBatches(new SqliteJournal(database))
      expect(recorded).toBe(seen)
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      database.close()
      acknowledged = recorded
    }
  }, 30_000)
})

/** How many whole batches are in the file; every execution must have one row of each. */
function recordedBatches(journal: Pick<SqliteJournal, 'find' | 'rows'>): number {
  const counts = Array.from({ length: executionsPerBatch }, (_, i) => {
    const execution = journal.find(`e${i + 1}`)
    return execution === undefined ? 0 : journal.rows(execution.execution).length
  })
  expect(new Set(counts).size).toBe(1)
  return counts[0] as number
}

/** The number of the last batch that the child acknowledged before it was killed in full flight. */
async function appendUntilKilled(path: string, killAfter: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', appender(path)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let last = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last >= killAfter) child.kill('SIGKILL')
  }
  expect((await exited)[1]).toBe('SIGKILL')
  return last
}

function appender(path: string): string {
  const storage = JSON.stringify(new URL('../../storage/index.ts', import.meta.url).href)
  const sqlite = JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)
  return `
    import { writeSync } from 'node:fs'
    const { Database } = await import(${storage})
    const { SqliteJournal } = await import(${sqlite})
    const database = Database.open({ path: ${JSON.stringify(path)} })
    database.publishOwner({ pid: process.pid, port: 1, token: 't', kind: 'run', startedAtMs: 1 })
    const journal = new SqliteJournal(database)
    const hash = 'd0'.repeat(32)
    let batch = { documents: [], starts: [], rows: [], statuses: [] }
    const executions = []
    for (let i = 1; i <= ${executionsPerBatch}; i++) {
      const id = 'e' + i
      const found = journal.find(id)
      const execution = found === undefined ? journal.nextExecution() : found.execution
      executions.push(execution)
      if (found !== undefined) continue
      batch.documents = [{ hash, text: '{}' }]
      batch.starts.push({ execution, executionId: id, workflow: 'w', version: '1.0.0', documentHash: hash,
        startHash: hash, status: 'running', metadata: {}, startedAtMs: 1, endedAtMs: null, parent: null,
        isPruned: false })
    }
    let seq = journal.rows(executions[0]).length
    for (;;) {
      seq++
      batch.rows = executions.map((execution) => ({ execution, seq, count: 1, payload: 'x'.repeat(500) }))
      await journal.append(batch)
      batch = { documents: [], starts: [], rows: [], statuses: [] }
      writeSync(1, seq + '\\n')
    }`
}
