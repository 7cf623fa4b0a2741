import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../src/core/json.ts'
import { Definitions } from '../src/engine/definitions.ts'
import { foldRows } from '../src/engine/folding.ts'
import { SqliteJournal } from '../src/engine/index.ts'
import { defineAgent, openEngine } from '../src/index.ts'
import { Database } from '../src/storage/index.ts'
import { executionStatus, findStep, stepStatus } from '../src/workflow/index.ts'

/**
 * Written by the last version that knew schema 1: one execution has finished, one has failed, one was
 * detached before it began, one has its signal and one waits for it.
 */
const fixture = fileURLToPath(new URL('fixtures/schema-v1.db', import.meta.url))

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

describe('a file of schema version 1', () => {
  it('opens with everything that it lists', () => {
    const { journal } = open()
    const ended = { startHash: expect.any(String), isPruned: false, parent: null }
    expect(journal.list({}).map(({ executionId, status }) => [executionId, status])).toEqual([
      ['failed-1', 'failed'],
      ['waiting-2', 'waiting'],
      ['waiting-1', 'running'],
      ['detached-1', 'pending'],
      ['finished-1', 'completed'],
    ])
    expect(journal.open().map(({ executionId }) => executionId)).toEqual([
      'detached-1',
      'waiting-1',
      'waiting-2',
    ])
    expect(journal.find('finished-1')).toMatchObject(ended)
    expect(journal.list({ workflow: 'approval', metadata: { team: 'finance' } })).toHaveLength(2)
  })

  it('folds to the status that each execution had', () => {
    const { journal } = open()
    const definitions = new Definitions()
    const waiting: string[] = []
    for (const row of journal.list({})) {
      const { plan } = definitions.ofHash(row.documentHash, () =>
        journal.document(row.documentHash),
      )
      const rows = journal.rows(row.execution)
      const state = foldRows(row, plan, rows)
      expect(state.seq).toBe(rows.reduce((sum, { count }) => sum + count, 0))
      if (row.endedAtMs !== null) expect(executionStatus(state)).toBe(row.status)
      const approve = row.executionId === 'waiting-2' ? findStep(state, 'approve') : undefined
      if (approve !== undefined) waiting.push(stepStatus(approve))
    }
    expect(waiting).toEqual(['waiting'])
  })

  it('has a dead letter for what had failed, and every document in the registry', () => {
    const { journal } = open()
    const failed = journal.find('failed-1')
    expect(journal.deadLetters({})).toEqual([
      {
        id: 'failed-1',
        executionId: 'failed-1',
        stepId: 'first',
        error: expect.objectContaining({
          code: 'AgentInputError',
          retryable: false,
          hint: null,
          details: expect.objectContaining({ stepId: 'first' }),
        }),
        atMs: failed?.endedAtMs,
      },
    ])
    expect(journal.workflows().map(({ name, version }) => `${name}@${version}`)).toEqual([
      'approval@1.0.0',
      'fails@1.2.0',
      'incident-response@1.0.0',
    ])
    for (const { documentHash } of journal.workflows())
      expect(journal.document(documentHash)).toContain('"steps"')
  })

  it('goes on where it stood: new rows are checked, old ones need no checksum', async () => {
    const { journal, database } = open()
    const waiting = journal.find('waiting-2')
    const execution = waiting?.execution as number
    const next = { execution, seq: 6, count: 1, payload: '[1795371200000,[18]]' }
    const paused = { execution, status: 'paused', endedAtMs: null }
    await journal.append({ documents: [], starts: [], rows: [next], statuses: [paused] })
    expect(journal.rows(execution).at(-1)).toEqual(next)
    expect(journal.find('waiting-2')?.status).toBe('paused')
    database.prepare("UPDATE journal SET payload = '[1795371200000,[19]]' WHERE seq = 6").run()
    expect(() => journal.rows(execution)).toThrow(
      expect.objectContaining({ code: 'StateConsistencyError' }),
    )
  })

  it('lets the engine continue an execution to its end', async () => {
    const engine = await openEngine({ db: copied(), agents: [ledger()] })
    try {
      const run = await engine.continueWorkflow('waiting-1')
      expect(run.status).toBe('completed')
      expect(run.output).toEqual({
        booked: true,
        entry: { key: 'waiting-1/book/1', kind: 'payment', account: 'travel', amount: 120 },
      })
      expect((await engine.getExecution('finished-1')).status).toBe('completed')
    } finally {
      await engine.close()
    }
  })

  it('keeps its version and content when a migration is cut short', () => {
    const path = copied()
    // A table that the migration wants to make: it fails in the middle.
    alter(path, 'CREATE TABLE snapshots (namespace INTEGER)')
    expect(() => Database.open({ path })).toThrow(
      expect.objectContaining({ code: expect.any(String) }),
    )
    alter(path, 'DROP TABLE snapshots')
    expect(open(path).journal.list({})).toHaveLength(5)
  })
})

function copied(): string {
  const directory = mkdtempSync(join(tmpdir(), 'old-file-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'aura.db')
  copyFileSync(fixture, path)
  return path
}

function open(path = copied()) {
  const database = Database.open({ path })
  cleanUps.push(() => database.close())
  return { database, journal: new SqliteJournal(database) }
}

function alter(path: string, sql: string): void {
  const connection = new DatabaseSync(path)
  connection.exec(sql)
  connection.close()
}

/** As in the example that the fixture was written with. */
function ledger() {
  const entry = { type: 'object', required: ['kind', 'account', 'amount'] }
  return defineAgent({
    type: 'ledger',
    description: 'Writes entries',
    capabilities: ['bookkeeping'],
    actions: {
      append: {
        effect: 'once',
        input: { type: 'object', required: ['entry'], properties: { entry } },
        run: (input, { idempotencyKey }) =>
          Promise.resolve({ key: idempotencyKey, ...(input as { entry: JsonObject }).entry }),
        lookup: () => Promise.resolve(undefined),
      },
    },
  })
}
