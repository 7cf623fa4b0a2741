import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Database, openReader } from '../../storage/index.ts'
import type { ExecutionRow, Journal, JournalBatch, JournalRow } from './journal.ts'
import { journalSuite } from './journal-suite.ts'
import { MemoryJournal } from './memory.ts'
import { SqliteJournalReader } from './sqlite-reader.ts'
import { SqliteJournal } from './sqlite.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

describe('SqliteJournal', () => {
  it.each(journalSuite(openFixture))('$name', async (behaviour) => {
    await expect(behaviour.run()).resolves.toBeUndefined()
  })

  it('agrees with the memory journal after any sequence of batches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batches, { maxLength: 12 }), async (sequence) => {
        const memory = new MemoryJournal()
        const database = Database.open({ path: newPath() })
        const sqlite = new SqliteJournal(database)
        try {
          for (const batch of sequence) {
            expect(await outcomeOf(sqlite, batch)).toBe(await outcomeOf(memory, batch))
          }
          expect(sqlite.list({})).toEqual(memory.list({}))
          expect(sqlite.open()).toEqual(memory.open())
          for (const execution of [1, 2, 3]) {
            expect(rowsOf(sqlite, execution)).toEqual(rowsOf(memory, execution))
          }
        } finally {
          database.close()
        }
      }),
      { numRuns: 40 },
    )
  }, 30_000)

  it('can be looked up by others while its owner writes', async () => {
    const path = newPath()
    const database = Database.open({ path })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    await journal.append({ ...nothing, documents: [document], starts: [start(1, 'one')] })
    const file = openReader(path)
    cleanUps.push(() => file.close())
    const reader = new SqliteJournalReader(file)
    expect(reader.find('one')).toEqual(start(1, 'one'))
    await journal.append({ ...nothing, rows: [row(1, 1)] })
    expect(reader.rows(1)).toEqual([row(1, 1)])
    expect(reader.document(document.hash)).toBe(document.text)
    expect(reader.open()).toHaveLength(1)
  })

  it('stays within 1,400 bytes for a five-step execution of six rows of 150 bytes', async () => {
    const path = newPath()
    const database = Database.open({ path })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    const count = 2_000
    const numbers = Array.from({ length: count }, () => journal.nextExecution())
    const starts = numbers.map((n) => ({
      ...start(n, `incident-response-01kb2x9q${String(n).padStart(19, '0')}`),
      startHash: n.toString(16).padStart(64, '7'),
    }))
    await journal.append({ ...nothing, documents: [document], starts })
    for (let seq = 1; seq <= 6; seq++) {
      const rows = numbers.map((execution) => ({
        execution,
        seq,
        count: 1,
        payload: 'x'.repeat(150),
      }))
      await journal.append({ ...nothing, rows })
    }
    const ends = numbers.map((execution) => ({ execution, status: 'completed', endedAtMs: 1.7e12 }))
    await journal.append({ ...nothing, statuses: ends })
    database.checkpoint()
    const perExecution = database.sizes().databaseBytes / count
    expect(perExecution).toBeLessThan(1_400)
    expect(perExecution).toBeGreaterThan(900)
  })
})

const nothing: JournalBatch = { documents: [], starts: [], rows: [], statuses: [] }
const document = { hash: 'd0'.repeat(32), text: '{"name":"triage"}' }

/** Few ids, numbers and positions, so that most sequences collide somewhere. */
const numbers = fc.integer({ min: 1, max: 3 })
const statuses = fc.constantFrom('running', 'waiting', 'failed', 'completed')
const batches: fc.Arbitrary<JournalBatch> = fc.record({
  documents: fc.constantFrom([], [document]),
  starts: fc.array(
    fc.tuple(numbers, fc.constantFrom('a', 'b', 'c')).map(([n, id]) => start(n, id)),
    { maxLength: 2 },
  ),
  rows: fc.array(
    fc
      .tuple(numbers, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 }))
      .map(([n, seq, count]) => ({ ...row(n, seq), count })),
    { maxLength: 3 },
  ),
  statuses: fc.array(
    fc.record({
      execution: numbers,
      status: statuses,
      endedAtMs: fc.option(fc.integer({ min: 1, max: 9 })),
    }),
    { maxLength: 2 },
  ),
})

function start(execution: number, executionId: string): ExecutionRow {
  return {
    execution,
    executionId,
    workflow: 'triage',
    version: '1.0.0',
    documentHash: document.hash,
    startHash: 'ab'.repeat(32),
    status: 'running',
    metadata: { team: 'sre' },
    startedAtMs: 1_700_000_000_000,
    endedAtMs: null,
  }
}

function row(execution: number, seq: number): JournalRow {
  return { execution, seq, count: 1, payload: `{"at":${seq}}` }
}

function outcomeOf(journal: Journal, batch: JournalBatch): Promise<string> {
  return journal.append(batch).then(
    () => 'recorded',
    (thrown: Error) => thrown.message,
  )
}

function rowsOf(journal: Journal, execution: number): unknown {
  try {
    return journal.rows(execution)
  } catch (thrown) {
    return String(thrown)
  }
}

function newPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'aura.db')
}

function openFixture() {
  const path = newPath()
  const open: Database[] = []
  const next = (): SqliteJournal => {
    const database = Database.open({ path })
    open.push(database)
    return new SqliteJournal(database)
  }
  return Promise.resolve({
    journal: next(),
    reopen: () => {
      open[0]?.close()
      return Promise.resolve(next())
    },
    takeOver: () => {
      rmSync(`${path}.lock`)
      return Promise.resolve(next())
    },
    close: () => {
      for (const database of open) database.close()
      return Promise.resolve()
    },
  })
}
