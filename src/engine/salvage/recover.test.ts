import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defineAgent } from '../../agents/index.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { toErrorJson } from '../../core/errors.ts'
import { Database, readMark, SqliteQueueStore } from '../../storage/index.ts'
import { defineWorkflow } from '../../workflow/index.ts'
import { SqliteJournal } from '../journal/sqlite.ts'
import { openLook } from '../look.ts'
import { openEngine } from '../open-engine.ts'
import { recover } from './recover.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recover-'))
  path = join(folder, 'aura.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const agents = () => [
  defineAgent({
    type: 'clerk',
    actions: { file: { effect: 'idempotent', run: () => Promise.resolve({ filed: true }) } },
  }),
]
const step = { agent: 'clerk', action: 'file' }
const short = defineWorkflow({
  name: 'short',
  version: '1.0.0',
  metadata: { team: 'archive' },
  steps: { a: step, b: { ...step, needs: ['a'] }, c: { ...step, needs: ['b'] } },
})
const long = defineWorkflow({
  name: 'long',
  version: '1.0.0',
  steps: { a: step, rest: { needs: ['a'], sleep: '9h' } },
})

/** Executions s1 to s3 have ended, l1 sleeps. */
async function makeFile(): Promise<void> {
  const engine = await openEngine({ db: path, agents: agents() })
  for (const executionId of ['s1', 's2', 's3'])
    await engine.executeWorkflow('short', short, { executionId })
  await engine.startWorkflow('long', long, { executionId: 'l1' })
  void engine.continueWorkflow('l1').catch(() => undefined)
  while ((await engine.getExecution('l1')).status !== 'waiting')
    await new Promise((resolve) => setImmediate(resolve))
  await engine.close()
}

const meshEvent = (id: string): CloudEvent => ({
  id,
  source: 's',
  type: 't',
  time: null,
  subject: null,
  data: { id },
})

/** A queue with one event handled, two waiting and one dead, and two events to be sent. */
async function makeMeshRows(): Promise<void> {
  await makeFile()
  const database = Database.open({ path })
  const store = new SqliteQueueStore(database)
  const times = { atMs: 5, dueAtMs: 5 }
  for (const id of ['m1', 'm2', 'm3', 'm4']) {
    const position = store.nextPosition()
    const sent = {
      kind: 'sent',
      position,
      queue: 'q',
      repeatKey: id,
      event: meshEvent(id),
    } as const
    await store.commit([
      { ...sent, ...times },
      { kind: 'delivered', position, deliveries: 1 },
    ])
  }
  const error = toErrorJson(new Error('down'))
  await store.commit([
    { kind: 'done', position: 1 },
    { kind: 'delivered', position: 3, deliveries: 2 },
    { kind: 'dead', position: 4, error, atMs: 6 },
  ])
  const journal = new SqliteJournal(database)
  const outbox = ['o1', 'o2'].map((id, place) => {
    return { execution: 1, seq: 3, place, atMs: 7, event: meshEvent(id) }
  })
  await journal.append({ documents: [], starts: [], rows: [], statuses: [], outbox })
  database.close()
}

describe('recovery', () => {
  it('of a sound file loses nothing and leaves nothing but the new file with its mark', async () => {
    await makeFile()
    const recovery = await recover({ path, nowMs: 1 })
    const target = `${path}.recovered`
    expect(recovery).toEqual({
      path: target,
      recovered: 4,
      lost: [],
      missingRows: 0,
      lostWorkflows: 0,
      lostRows: [],
    })
    expect(readMark(target)?.position).toBe(readMark(path)?.position)
    expect(readdirSync(folder).toSorted()).toEqual(
      ['', '.lock', '.mark', '.recovered', '.recovered.mark'].map((end) => `aura.db${end}`),
    )
    expect(answers(target)).toEqual(answers(path))
  })

  it('takes over what queues and the outbox had, but for what is damaged', async () => {
    await makeMeshRows()
    const wal = new DatabaseSync(path)
    wal.exec("UPDATE queue_messages SET payload = replace(payload, 'm2', 'm9') WHERE message = 2")
    wal.exec("UPDATE outbox SET payload = replace(payload, 'o1', 'o9') WHERE position = 1")
    wal.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    wal.close()
    const { path: target, lostRows } = await recover({ path, nowMs: 1 })
    expect(lostRows).toEqual([
      { table: 'outbox', row: '1', reason: 'it is damaged' },
      { table: 'queue_messages', row: '2 of the queue q', reason: 'it is damaged' },
    ])
    const database = Database.open({ path: target })
    const store = new SqliteQueueStore(database)
    const left = store
      .load('q')
      .map(({ position, status, deliveries, error }) => [
        position,
        status,
        deliveries,
        error?.code ?? null,
      ])
    expect(left).toEqual([
      [1, 'done', 1, null],
      [3, 'waiting', 2, null],
      [4, 'dead', 1, 'AgentError'],
    ])
    expect([store.read(3), store.read(4)]).toEqual([meshEvent('m3'), meshEvent('m4')])
    expect(new SqliteJournal(database).outbox(0, 10)).toEqual([
      { position: 2, event: meshEvent('o2') },
    ])
    database.close()
  })

  it('refuses a file that somebody owns, that is absent, and a target that is there', async () => {
    await expect(recover({ path, nowMs: 1 })).rejects.toMatchObject({ code: 'NotFoundError' })
    const owner = Database.open({ path })
    await expect(recover({ path, nowMs: 1 })).rejects.toMatchObject({ code: 'OwnerError' })
    owner.close()
    const target = join(folder, 'mine')
    writeFileSync(target, 'mine')
    await expect(recover({ path, target, nowMs: 1 })).rejects.toMatchObject({
      code: 'RefusedError',
    })
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })

  it('cuts an execution short before a missing event, and says so', async () => {
    await makeFile()
    alter(`UPDATE journal SET payload = payload || ' ' WHERE execution = 2 AND seq =
      (SELECT seq FROM journal WHERE execution = 2 ORDER BY seq LIMIT 1 OFFSET 2)`)
    const recovery = await recover({ path, nowMs: 9_000_000_000_000 })
    const [lost] = recovery.lost
    expect(recovery.lost).toEqual([
      {
        executionId: 's2',
        seq: lost?.seq,
        reason: `truncated: event ${Number(lost?.seq) + 1} is missing`,
      },
    ])
    const look = openLook(recovery.path)
    // It had called for step b, and would call again: nobody but its operator lets it.
    expect(look.show('s2').status).toBe('paused')
    expect(look.log('s2').at(-1)).toMatchObject({
      seq: Number(lost?.seq) + 1,
      atMs: 9_000_000_000_000,
      event: { kind: 'ExecutionPaused' },
    })
    look.close()
    const engine = await openEngine({ db: recovery.path, agents: agents() })
    await engine.resumeWorkflow('s2')
    expect((await engine.continueWorkflow('s2')).status).toBe('completed')
    await engine.close()
  })

  it('knows that the last events of an execution are missing', async () => {
    await makeFile()
    alter(
      'UPDATE journal SET count = 77 WHERE execution = 3 AND seq = (SELECT max(seq) FROM journal WHERE execution = 3)',
    )
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery.lost).toEqual([
      {
        executionId: 's3',
        seq: expect.any(Number),
        reason: expect.stringMatching(/^truncated: event \d+ is missing$/),
      },
    ])
    expect(statusIn(recovery.path, 's3')).toBe('paused')
  })

  it('lists what may have gone further when rows of unknown executions are missing', async () => {
    await makeFile()
    const mark = Database.open({ path })
    const newest = readMark(path)?.position as number
    mark.commit(() =>
      mark
        .prepare(
          'INSERT INTO journal (position, namespace, execution, seq, count, codec, payload) VALUES (?, 0, 99, 1, 1, 0, ?)',
        )
        .run(newest + 5, 'x'),
    )
    mark.close()
    copyFileSync(`${path}.mark`, `${path}.ahead`)
    alter('DELETE FROM journal WHERE execution = 99')
    copyFileSync(`${path}.ahead`, `${path}.mark`)
    expect(() => openLook(path)).toThrow(/committed work is missing/)
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery.missingRows).toBe(5)
    expect(recovery.lost.map(({ executionId }) => executionId)).toEqual(['l1'])
    expect(statusIn(recovery.path, 'l1')).toBe('paused')
    expect(statusIn(recovery.path, 's1')).toBe('completed')
  })

  it('finds the document of an execution by its start when the row between them is damaged', async () => {
    await makeFile()
    alter("UPDATE definitions SET workflow = 'forged' WHERE workflow = 'short'")
    const before = readFileSync(path)
    const recovery = await recover({ path, nowMs: 1 })
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(recovery).toMatchObject({ recovered: 4, lost: [], lostWorkflows: 0 })
    expect(answers(recovery.path)).toContainEqual(
      expect.objectContaining({
        executionId: 's1',
        workflow: 'short',
        metadata: { team: 'archive' },
      }),
    )
  })

  it('gives up an execution whose own row or document is damaged, by name', async () => {
    await makeFile()
    alter("UPDATE executions SET started_at_ms = started_at_ms + 1 WHERE execution_id = 's1'")
    alter(`UPDATE documents SET payload = replace(payload, '9h', '8h')`)
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery.lost).toEqual([
      { executionId: 's1', seq: null, reason: 'its row in executions is damaged' },
      { executionId: 'l1', seq: null, reason: 'its document is damaged' },
    ])
    expect(answers(recovery.path).map(({ executionId }) => executionId)).toEqual(['s3', 's2'])
  })

  it('keeps tombstones, so that the ids of what was pruned stay taken', async () => {
    await makeFile()
    const database = Database.open({ path })
    const journal = new SqliteJournal(database)
    const policy = { endedBeforeMs: 9e15, endedMax: 10, deadLetterEndedBeforeMs: 9e15, limit: 100 }
    expect(await journal.prune(policy)).toBeGreaterThan(0)
    database.close()
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery).toMatchObject({ recovered: 1, lost: [], missingRows: 0 })
    const engine = await openEngine({ db: recovery.path, agents: agents() })
    expect((await engine.executeWorkflow('short', short, { executionId: 's1' })).status).toBe(
      'completed',
    )
    await engine.close()
    expect(answers(recovery.path).map(({ executionId }) => executionId)).toEqual(['l1'])
  })

  it('says it too when nothing but the end of the execution is known of them', async () => {
    await makeFile()
    // The row and its entry in the index are both gone.
    alter(
      'DELETE FROM journal WHERE execution = 3 AND seq = (SELECT max(seq) FROM journal WHERE execution = 3)',
    )
    const { lost, missingRows } = await recover({ path, nowMs: 1 })
    expect(missingRows).toBe(1)
    expect(lost.map(({ executionId }) => executionId)).toEqual(['s3', 'l1'])
  })

  it('leaves nothing behind when it fails', async () => {
    writeFileSync(path, 'no database at all')
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery.recovered).toBe(0)
    await expect(
      recover({ path, target: join(folder, 'missing', 'x'), nowMs: 1 }),
    ).rejects.toMatchObject({ code: 'StorageError' })
    expect(existsSync(join(folder, 'missing'))).toBe(false)
  })
})

/** Changes the file behind Aura's back. */
function alter(sql: string): void {
  const connection = new DatabaseSync(path)
  connection.exec(sql)
  connection.close()
}

function answers(file: string): readonly { readonly executionId: string }[] {
  const look = openLook(file)
  try {
    return look.list({}).map((row) => ({ ...row, shown: look.show(row.executionId) }))
  } finally {
    look.close()
  }
}

function statusIn(file: string, executionId: string): string {
  const look = openLook(file)
  try {
    return look.show(executionId).status
  } finally {
    look.close()
  }
}
