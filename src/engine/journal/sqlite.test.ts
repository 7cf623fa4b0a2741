import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Database, openReader } from '../../storage/index.ts'
import type { Journal, JournalBatch, JournalRow, RetentionPolicy } from './journal.ts'
import { document, nothing, start } from './suite/journal-samples.ts'
import { journalSuite } from './suite/journal-suite.ts'
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
      fc.asyncProperty(
        fc.array(fc.oneof(batches, policies), { maxLength: 16 }),
        async (sequence) => {
          const memory = new MemoryJournal()
          const database = Database.open({ path: newPath() })
          const sqlite = new SqliteJournal(database)
          try {
            for (const step of sequence) {
              expect(await outcomeOf(sqlite, step)).toEqual(await outcomeOf(memory, step))
            }
            expect(everythingIn(sqlite)).toEqual(everythingIn(memory))
          } finally {
            database.close()
          }
        },
      ),
      { numRuns: 60 },
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

  it('grows by at most 1,350 bytes for a five-step execution of six rows of 150 bytes', async () => {
    const path = newPath()
    const database = Database.open({ path })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    database.checkpoint()
    const emptyBytes = database.sizes().databaseBytes
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
    const perExecution = (database.sizes().databaseBytes - emptyBytes) / count
    expect(perExecution).toBeLessThan(1_400)
    expect(perExecution).toBeGreaterThan(900)
  })

  it('stores a large value once, whatever wraps it and however many executions have it', async () => {
    const database = Database.open({ path: newPath() })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    database.checkpoint()
    const emptyBytes = database.sizes().databaseBytes
    const list = Array.from({ length: 10_000 }, (_, i) => ({ at: i, text: `row ${i}` }))
    const bytes = JSON.stringify(list).length
    const starts = [1, 2, 3].map((n) => start(n, `e${n}`))
    await journal.append({ ...nothing, documents: [document], starts })
    for (let seq = 1; seq <= 10; seq++) {
      const rows = [1, 2, 3].map((execution) => ({
        execution,
        seq,
        count: 1,
        payload: JSON.stringify([
          seq,
          [12, `step${seq}`, { [`wrapper${seq}`]: [execution, list] }],
        ]),
      }))
      await journal.append({ ...nothing, rows })
    }
    database.checkpoint()
    expect(bytes).toBeGreaterThan(250_000)
    expect(database.sizes().databaseBytes - emptyBytes).toBeLessThan(bytes * 1.2)
    expect(database.prepare('SELECT count(*) AS n FROM blobs').get()).toEqual({ n: 1 })
    expect(database.prepare('SELECT count(*) AS n FROM blob_refs').get()).toEqual({ n: 3 })
    expect(JSON.parse(journal.rows(3)[9]?.payload ?? '')).toEqual([
      10,
      [12, 'step10', { wrapper10: [3, list] }],
    ])
  })

  it('names stored values in snapshots, and stores no other for them', async () => {
    const database = Database.open({ path: newPath() })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    const [known, unknown] = ['known '.repeat(10_000), 'unknown '.repeat(10_000)]
    const payload = JSON.stringify({ outputs: [known, { unknown }, known] })
    await journal.append({
      ...nothing,
      documents: [document],
      starts: [start(1, 'e1')],
      rows: [{ execution: 1, seq: 1, count: 1, payload: JSON.stringify([1, [12, 's', known]]) }],
      snapshots: [{ execution: 1, seq: 1, kernelVersion: 2, payload }],
    })
    expect(journal.snapshot(1)?.payload).toBe(payload)
    expect(database.prepare('SELECT count(*) AS n FROM blobs').get()).toEqual({ n: 1 })
    const stored = database.prepare('SELECT codec, length(payload) AS size FROM snapshots').get()
    expect(stored?.['codec']).toBe(1)
    expect(stored?.['size']).toBeLessThan(unknown.length + 500)
    database.prepare("UPDATE blobs SET payload = replace(payload, 'known', 'nwonk')").run()
    expect(journal.snapshot(1)).toBeUndefined()
  })

  it('gives the room of what it prunes back to what comes, and values when nobody has them', async () => {
    const database = Database.open({ path: newPath() })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    const shared = 'shared '.repeat(10_000)
    const policy = { ...keepNothing, limit: 100 }
    const sizes: number[] = []
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 50; i++) {
        const execution = journal.nextExecution()
        const own = `own ${String(execution).padStart(4)} `.repeat(5_000)
        await journal.append({
          ...nothing,
          documents: [document],
          starts: [start(execution, `e${execution}`)],
          rows: [{ execution, seq: 1, count: 1, payload: JSON.stringify([own, [shared]]) }],
          statuses: [{ execution, status: 'completed', endedAtMs: 1_700_000_000_001 }],
        })
      }
      // The newest row stays, and its execution with it.
      expect(await journal.prune(policy)).toBe(round === 0 ? 49 : 50)
      expect(database.prepare('SELECT count(*) AS n FROM blobs').get()).toEqual({ n: 2 })
      database.checkpoint()
      sizes.push(database.sizes().databaseBytes)
    }
    expect(journal.rows(300)[0]?.payload).toContain('shared')
    expect(sizes.at(-1)).toBeLessThan((sizes[0] as number) * 1.05)
    const left =
      'SELECT (SELECT count(*) FROM journal) AS rows, (SELECT count(*) FROM blob_refs) AS refs'
    expect(database.prepare(left).get()).toEqual({ rows: 1, refs: 2 })
  })
})

const keepNothing = {
  endedBeforeMs: 1e15,
  endedMax: 0,
  deadLetterEndedBeforeMs: 1e15,
  limit: 1_000,
}

/** Few ids, numbers and positions, so that most sequences collide somewhere. */
const numbers = fc.integer({ min: 1, max: 3 })
const statuses = fc.constantFrom('running', 'waiting', 'failed', 'completed')
const batches: fc.Arbitrary<JournalBatch> = fc.record({
  documents: fc.constantFrom([], [document]),
  starts: fc.array(
    fc
      .tuple(numbers, fc.constantFrom('a', 'b', 'c'), fc.option(numbers, { freq: 1 }))
      .map(([n, id, parent]) => ({ ...start(n, id), parent })),
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
  snapshots: fc.array(
    fc
      .tuple(numbers, fc.integer({ min: 1, max: 5 }))
      .map(([execution, seq]) => ({ execution, seq, kernelVersion: 2, payload: `{"at":${seq}}` })),
    { maxLength: 1 },
  ),
  deadLetters: fc.array(
    fc.oneof(
      fc.constantFrom('a', 'b').map((id) => ({ kind: 'close' as const, id })),
      fc.tuple(numbers, fc.constantFrom('a', 'b')).map(([execution, id]) => ({
        kind: 'open' as const,
        id,
        execution,
        stepId: null,
        error: { code: 'X', message: id, retryable: false, hint: null, details: null },
        atMs: execution,
      })),
    ),
    { maxLength: 2 },
  ),
  workflows: fc.array(
    fc
      .tuple(fc.constantFrom('1.0.0', '2.0.0'), numbers)
      .map(([version, atMs]) => ({ name: 'triage', version, documentHash: document.hash, atMs })),
    { maxLength: 1 },
  ),
})
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  endedBeforeMs: fc.integer({ min: 1, max: 10 }),
  endedMax: fc.integer({ min: 0, max: 3 }),
  deadLetterEndedBeforeMs: fc.integer({ min: 1, max: 10 }),
  limit: fc.integer({ min: 1, max: 3 }),
})

function row(execution: number, seq: number): JournalRow {
  return { execution, seq, count: 1, payload: `{"at":${seq}}` }
}

function outcomeOf(journal: Journal, step: JournalBatch | RetentionPolicy): Promise<unknown> {
  const outcome: Promise<unknown> =
    'limit' in step ? journal.prune(step) : journal.append(step).then(() => 'recorded')
  return outcome.catch((thrown: Error) => thrown.message)
}

function everythingIn(journal: Journal): unknown {
  return {
    list: journal.list({}),
    open: journal.open(),
    found: ['a', 'b', 'c'].map((id) => journal.find(id)),
    rows: [1, 2, 3].map((execution) => rowsOf(journal, execution)),
    snapshots: [1, 2, 3].map((execution) => journal.snapshot(execution)),
    deadLetters: journal.deadLetters({}),
    workflows: journal.workflows(),
  }
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
