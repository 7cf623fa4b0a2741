import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { isOrchestrationError } from '../../core/errors.ts'
import { Database, type DatabaseReader } from '../../storage/index.ts'
import { SqliteJournalReader } from './sqlite-reader.ts'
import { SqliteJournal } from './sqlite.ts'
import { document, nothing, start } from './suite/journal-samples.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

const error = { code: 'AgentError', message: 'no', retryable: false, hint: null, details: null }
const big = JSON.stringify(Array.from({ length: 4_000 }, (_, i) => ({ at: i, text: `row ${i}` })))

describe('what was altered on disk', () => {
  it.each([
    ['a payload', "UPDATE journal SET payload = replace(payload, 'book', 'cook') WHERE seq = 2"],
    [
      'a payload of another type',
      'UPDATE journal SET payload = CAST(payload AS BLOB) WHERE seq = 2',
    ],
    ['a payload that is gone', 'UPDATE journal SET payload = 7 WHERE seq = 2'],
    ['a count', 'UPDATE journal SET count = 2 WHERE seq = 2'],
    ['a codec', 'UPDATE journal SET codec = 1 WHERE seq = 2'],
    ['a checksum', 'UPDATE journal SET checksum = checksum + 1 WHERE seq = 2'],
    ['a checksum that is gone', 'UPDATE journal SET checksum = NULL WHERE seq = 2'],
  ])('is found in a journal row: %s', async (_, sql) => {
    const { path, execution } = await recorded()
    const reader = altered(path, sql)
    expect(() => reader.rows(execution)).toThrow(
      expect.objectContaining({
        code: 'StateConsistencyError',
        message: expect.stringContaining('event 2 of execution number 1'),
        hint: expect.stringContaining('aura recover'),
        details: { execution, seq: 2 },
      }),
    )
    expect(reader.rows(execution, 2).map(({ seq }) => seq)).toEqual([3])
  })

  it('is found in the total of a budget', async () => {
    const { path } = await recorded()
    const change = { scope: 'agent', name: 'llm', fromMs: 0, calls: 1, tokens: 5, costUsd: 0 }
    const database = Database.open({ path })
    await new SqliteJournal(database).append({ ...nothing, budgets: [change as never] })
    database.close()
    const writable = new DatabaseSync(path)
    writable.exec('UPDATE budgets SET tokens = 4')
    writable.close()
    const again = Database.open({ path })
    cleanUps.push(() => again.close())
    expect(() => new SqliteJournal(again).budgets()).toThrow("the budget of agent 'llm' is damaged")
  })

  it('is found when two rows change places', async () => {
    const { path, execution } = await recorded()
    const swapped = `
      UPDATE journal SET seq = 9 WHERE seq = 1; UPDATE journal SET seq = 1 WHERE seq = 2;
      UPDATE journal SET seq = 2 WHERE seq = 9`
    expect(() => altered(path, swapped).rows(execution)).toThrow(/event 1 of execution number 1/)
  })

  it.each([
    ['status', 'UPDATE executions SET status = 6'],
    ['status code', 'UPDATE executions SET status = 60'],
    ['end', 'UPDATE executions SET ended_at_ms = 5'],
    ['mark of an open one', 'UPDATE executions SET ended_at_ms = -7'],
    ['id', "UPDATE executions SET execution_id = 'other'"],
    ['type of the id', 'UPDATE executions SET start_hash = CAST(start_hash AS TEXT)'],
    ['start hash', "UPDATE executions SET start_hash = x'00'"],
    ['start', 'UPDATE executions SET started_at_ms = 1, ended_at_ms = -2'],
    ['parent', 'UPDATE executions SET parent = 4'],
    ['namespace', 'UPDATE executions SET namespace = 1'],
    ['definition', 'UPDATE executions SET definition = 9'],
    ['number', 'UPDATE executions SET execution = 4'],
    ['a checksum that is gone', 'UPDATE executions SET checksum = NULL'],
    ['a state checksum that is gone', 'UPDATE executions SET state_checksum = NULL'],
    ['workflow', "UPDATE definitions SET workflow = 'other'"],
    ['metadata', "UPDATE definitions SET metadata = '{}'"],
    ['document', "UPDATE documents SET hash = 'other'"],
    ['document that is gone', 'DELETE FROM documents'],
  ])('is found in an execution and what it shares with others: %s', async (_, sql) => {
    const { path } = await recorded()
    const reader = altered(path, sql)
    expect(() => reader.list({})).toThrow(
      expect.objectContaining({
        code: 'StateConsistencyError',
        hint: expect.stringContaining('aura recover'),
      }),
    )
  })

  it.each([
    [
      'a document',
      'UPDATE documents SET payload = 1',
      (r: SqliteJournalReader) => r.document(document.hash),
    ],
    [
      'a dead letter',
      "UPDATE dead_letters SET step_id = 'other'",
      (r: SqliteJournalReader) => r.deadLetter('one'),
    ],
    [
      "a dead letter's execution",
      'UPDATE dead_letters SET execution = 7',
      (r: SqliteJournalReader) => r.deadLetters({}),
    ],
    [
      'a registration',
      "UPDATE workflows SET version = '2.0.0'",
      (r: SqliteJournalReader) => r.workflows(),
    ],
  ])('is found in %s', async (_, sql, look) => {
    const { path } = await recorded()
    const reader = altered(path, sql)
    expect(() => look(reader)).toThrow(expect.objectContaining({ code: 'StateConsistencyError' }))
  })

  it.each([
    ['altered', "UPDATE blobs SET payload = replace(payload, 'row 7', 'row 8')"],
    ['gone', 'DELETE FROM blobs'],
  ])('is found in a large value: %s', async (_, sql) => {
    const { path, execution } = await recorded()
    const reader = altered(path, sql)
    expect(() => reader.rows(execution)).toThrow(
      expect.objectContaining({
        code: 'StateConsistencyError',
        hint: expect.stringContaining('aura recover'),
      }),
    )
    expect(reader.rows(execution, 1).map(({ seq }) => seq)).toEqual([2, 3])
  })

  it('makes an older snapshot count, and none when both are damaged', async () => {
    const { path, execution } = await recorded()
    const spoil = (seq: number) => `UPDATE snapshots SET payload = 'spoilt' WHERE seq = ${seq}`
    expect(altered(path, spoil(3)).snapshot(execution)?.seq).toBe(2)
    expect(altered(path, spoil(2)).snapshot(execution)).toBeUndefined()
  })

  it('keeps a damaged execution from being pruned', async () => {
    const { path } = await recorded()
    const database = ownerOf(path)
    const journal = new SqliteJournal(database)
    database.prepare('UPDATE executions SET ended_at_ms = 5').run()
    const keeper = { ...start(2, 'two'), parent: null }
    const rows = [{ execution: 2, seq: 1, count: 1, payload: '[]' }]
    await journal.append({ ...nothing, starts: [keeper], rows })
    const policy = { endedBeforeMs: 1e15, endedMax: 0, deadLetterEndedBeforeMs: 1e15, limit: 10 }
    expect(await journal.prune(policy)).toBe(0)
  })

  it('is never shown as if it were right, whichever byte it is', async () => {
    const { path, execution } = await recorded()
    const good = readFileSync(path)
    const answers = lookEverywhere(readerOf(path), execution)
    const spoilt = join(path, '..', 'spoilt.db')
    let found = 0
    for (let trial = 0; trial < 300; trial++) {
      const bytes = Buffer.from(good)
      const place = (trial * 7_919 + 101) % bytes.length
      bytes[place] = (bytes[place] as number) ^ (1 << (trial % 8))
      writeFileSync(spoilt, bytes)
      const answersNow = attempt(() => lookEverywhere(readerOf(spoilt), execution))
      if (answersNow === null) found++
      else
        for (const [what, answer] of answersNow) {
          if (answer === null) found++
          // What an index has lost is found by the check of the whole file, not here.
          else if (answer !== undefined) expect([what, answer]).toEqual([what, answers.get(what)])
        }
    }
    expect(found).toBeGreaterThan(100)
  })
})

/** One execution with three rows, the first of which has a large value, two snapshots and a dead letter. */
async function recorded() {
  const directory = mkdtempSync(join(tmpdir(), 'damage-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'aura.db')
  const database = ownerOf(path)
  const journal = new SqliteJournal(database)
  const execution = journal.nextExecution()
  const payloads = [`[1,[12,"load",${big}]]`, '[2,[1,"book"]]', '[3,[12,"book",null]]']
  await journal.append({
    documents: [document],
    starts: [start(execution, 'one')],
    rows: payloads.map((payload, i) => ({ execution, seq: i + 1, count: 1, payload })),
    statuses: [],
    snapshots: [2, 3].map((seq) => ({
      execution,
      seq,
      kernelVersion: 1,
      payload: `{"at":${seq}}`,
    })),
    deadLetters: [{ kind: 'open', id: 'one', execution, stepId: 'book', error, atMs: 5 }],
  })
  database.checkpoint()
  database.close()
  return { path, execution }
}

function ownerOf(path: string): Database {
  const database = Database.open({ path })
  cleanUps.push(() => database.close())
  return database
}

function altered(path: string, sql: string): SqliteJournalReader {
  const connection = new DatabaseSync(path)
  connection.exec(sql)
  connection.close()
  return new SqliteJournalReader(readerOf(path))
}

/** A reader that checks nothing when it opens: what is found is found by the journal. */
function readerOf(path: string): DatabaseReader {
  const connection = new DatabaseSync(path, { readOnly: true })
  cleanUps.push(() => connection.isOpen && connection.close())
  return {
    path,
    prepare: (sql) => connection.prepare(sql),
    read: (work) => work(),
    close: () => connection.close(),
  }
}

/** Answers by what was asked: null where damage was found, undefined where nothing is there. */
function lookEverywhere(
  database: DatabaseReader,
  execution: number,
): ReadonlyMap<string, string | null | undefined> {
  const reader = new SqliteJournalReader(database)
  const questions: Readonly<Record<string, () => unknown>> = {
    find: () => reader.find('one'),
    list: () => reader.list({})[0],
    open: () => reader.open()[0],
    firstRow: () => reader.rows(execution)[0],
    lastRows: () => reader.rows(execution, 2)[0],
    document: () => reader.document(document.hash),
    deadLetter: () => reader.deadLetter('one'),
    workflow: () => reader.workflows()[0],
  }
  const asked = Object.entries(questions).map(
    ([what, ask]) => [what, attempt(() => JSON.stringify(ask()))] as const,
  )
  const snapshot = attempt(() => reader.snapshot(execution))
  database.close()
  if (snapshot !== null && snapshot !== undefined)
    expect(snapshot.payload).toBe(`{"at":${snapshot.seq}}`)
  return new Map(asked)
}

/** Null when the work ended in an error of Aura or of SQLite, and in no other. */
function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch (thrown) {
    if (isOrchestrationError(thrown) || (thrown instanceof Error && 'errcode' in thrown))
      return null
    throw thrown
  }
}
