import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Annotation, Command, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { recover, type Recovery } from '../src/engine/salvage/recover.ts'
import { type AgentContext, defineAgent, openEngine } from '../src/index.ts'
import { AuraCheckpointSaver } from '../src/integrations/langgraph/checkpoints/checkpoint-saver.ts'
import { RouterService } from '../src/semantic/router/router-service.ts'
import { Database } from '../src/storage/index.ts'
import { keptTables } from '../src/storage/pages/kept-tables.ts'

let folder = ''
/** What each test begins with. */
let whole = ''
let path = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recover-rows-'))
  whole = join(folder, 'whole.db')
  await makeFile()
}, 60_000)
beforeEach(() => {
  path = join(mkdtempSync(join(folder, 'test-')), 'aura.db')
  for (const suffix of ['', '.mark']) copyFileSync(`${whole}${suffix}`, `${path}${suffix}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const agents = () => [
  defineAgent({
    type: 'scribe',
    description: 'Writes down what is said about money',
    config: { resourceLimits: { budget: { calls: 6 } }, memoryConfig: { namespaces: ['notes'] } },
    actions: {
      write: {
        effect: 'idempotent',
        run: ({ key }: { key: string }, { memory }: AgentContext) => {
          memory.put(key, `said of ${key}`, { namespace: 'notes' })
          return Promise.resolve(key)
        },
      },
    },
  }),
  defineAgent({
    type: 'pilot',
    description: 'Flies planes to other towns',
    actions: { fly: { effect: 'read', run: () => Promise.resolve(null) } },
  }),
]
const tenants = { acme: { calls: 4 } }
const noting = (key: string) => ({
  name: 'noting',
  version: '1.0.0',
  metadata: { tenant: 'acme' },
  steps: { a: { agent: 'scribe', action: 'write', with: { key } } },
})

const open = (db: string) => openEngine({ db, agents: agents(), tenants })
const routerOf = (databasePath: string) =>
  new RouterService({ agents, databasePath, clock: systemClock })
const asking = (checkpointer: AuraCheckpointSaver) =>
  new StateGraph(Annotation.Root({ text: Annotation<string> }))
    .addNode('ask', ({ text }) => ({ text: `${text}: ${interrupt('may I?')}` }))
    .addEdge(START, 'ask')
    .addEdge('ask', END)
    .compile({ checkpointer })
const thread = (id: string) => ({ configurable: { thread_id: id } })

/** Three calls that remember, of which two are of a tenant; a router with an outcome; two graphs that wait. */
async function makeFile(): Promise<void> {
  const engine = await open(whole)
  for (const key of ['ada', 'bob'])
    await engine.executeWorkflow('noting', noting(key), { executionId: key })
  await engine.invoke('scribe', 'write', { key: 'eve' })
  await engine.close()
  const database = Database.open({ path: whole })
  const router = routerOf(whole)
  await router.save(database)
  await router.accept({ text: 'zeppelin to Oslo', agent: 'pilot' }, database)
  const saver = new AuraCheckpointSaver({ database })
  for (const id of ['pay', 'buy']) await asking(saver).invoke({ text: id }, thread(id))
  database.close()
}

/** Every table that is not empty with its rows, of which the order is that of the file. */
function rowsIn(file: string): Readonly<Record<string, readonly unknown[]>> {
  const connection = new DatabaseSync(file, { readOnly: true })
  const tables = keptTables.map(({ table }): [string, readonly unknown[]] => [
    table,
    connection.prepare(`SELECT * FROM ${table}`).all(),
  ])
  connection.close()
  return Object.fromEntries(tables.filter(([, rows]) => rows.length > 0))
}

/** Overwrites the pages of a table: the last letter of a text wherever it is, or all of them. */
function overwrite(table: string, text?: string): void {
  const connection = new DatabaseSync(path, { readOnly: true })
  const pages = connection.prepare('SELECT pageno FROM dbstat WHERE name = ?').all(table)
  connection.close()
  const bytes = readFileSync(path)
  let hits = 0
  for (const { pageno } of pages) {
    const page = bytes.subarray((Number(pageno) - 1) * 4_096, Number(pageno) * 4_096)
    if (text === undefined) page.fill(0xa5)
    else
      for (let at = page.indexOf(text); at >= 0; at = page.indexOf(text), hits++)
        page.write('#', at + text.length - 1)
  }
  expect(hits > 0).toBe(text !== undefined)
  writeFileSync(path, bytes)
}

const saved = (): Promise<Recovery> => recover({ path, nowMs: 1 })

describe('recovery of what belongs to no execution', () => {
  it('gives everything of a sound file back: routers route, graphs go on, budgets refuse', async () => {
    const recovery = await saved()
    expect(recovery).toMatchObject({ recovered: 3, lost: [], lostRows: [] })
    const rows = rowsIn(recovery.path)
    expect(rows).toEqual(rowsIn(path))
    expect(Object.keys(rows)).toEqual([
      'budgets',
      'routers',
      'routing_outcomes',
      'graph_threads',
      'graph_records',
      'memories',
    ])
    const { agent } = await routerOf(recovery.path).answer({ text: 'zeppelin to Oslo' })
    expect(agent).toBe('pilot')
    const database = Database.open({ path: recovery.path })
    const graph = asking(new AuraCheckpointSaver({ database }))
    const answered = await graph.invoke(new Command({ resume: 'yes' }), thread('pay'))
    expect(answered.text).toBe('pay: yes')
    database.close()
    const engine = await open(recovery.path)
    expect(engine.memories.get({ owner: 'scribe', namespace: 'notes' }, 'ada')).toMatchObject({
      value: 'said of ada',
    })
    const runs = []
    for (const key of ['c', 'd', 'e'])
      runs.push(await engine.executeWorkflow('noting', noting(key)))
    expect(runs.map(({ status }) => status)).toEqual(['completed', 'completed', 'failed'])
    expect(runs[2]?.error).toMatchObject({ code: 'BudgetExceededError' })
    await engine.close()
  })

  it.each([
    ['a memory', 'said of bob', { table: 'memories', row: 'scribe notes bob' }],
    ['a budget', 'tenantacme', { table: 'budgets', row: 'tenant acm#' }],
    [
      'an outcome',
      'zeppelin to Oslo',
      { table: 'routing_outcomes', row: '1 of the router default' },
    ],
  ])('leaves %s out that was altered, says so, and keeps its neighbours', async (_, text, lost) => {
    const before = rowsIn(path)
    overwrite(lost.table, text)
    const recovery = await saved()
    expect(recovery.lostRows).toEqual([{ ...lost, reason: 'it is damaged' }])
    const after = rowsIn(recovery.path)
    for (const [table, rows] of Object.entries(before)) {
      const isHit = table === lost.table
      expect(after[table]?.length ?? 0).toBe(rows.length - (isHit ? 1 : 0))
      if (!isHit) expect(after[table]).toEqual(rows)
    }
  })

  it.each([
    ['memories', ['page …', 'scribe notes ada', 'scribe notes bob', 'scribe notes eve']],
    ['routers', ['default version 1', 'page …']],
    ['budgets', ['page …']],
  ])('names what it can of %s when its pages are overwritten', async (table, rows) => {
    const before = rowsIn(path)
    overwrite(table)
    const recovery = await saved()
    const found = recovery.lostRows.map(({ row }) => row.replace(/^page \d+$/, 'page …'))
    expect(found).toEqual(rows)
    expect(new Set(recovery.lostRows.map((lost) => lost.table))).toEqual(new Set([table]))
    expect(rowsIn(recovery.path)).toEqual({ ...before, [table]: undefined })
  })

  it('gives nobody the checkpoints of a thread that is lost', async () => {
    overwrite('graph_threads')
    const recovery = await saved()
    const names = recovery.lostRows.map(({ table, row }) => `${table} ${row}`)
    expect(names).toContain('graph_threads pay')
    expect(names.some((name) => name.startsWith('graph_records thread 1: checkpoint '))).toBe(true)
    expect(rowsIn(recovery.path)).not.toHaveProperty('graph_records')
    const database = Database.open({ path: recovery.path })
    const saver = new AuraCheckpointSaver({ database })
    await asking(saver).invoke({ text: 'new' }, thread('new'))
    expect((await saver.getTuple(thread('new')))?.checkpoint.channel_values['text']).toBe('new')
    expect(await saver.getTuple(thread('pay'))).toBeUndefined()
    database.close()
  })

  it('says that rows may be older than they were when the log is damaged', async () => {
    const engine = await open(path)
    await engine.executeWorkflow('noting', noting('zoe'), { executionId: 'zoe' })
    const copy = join(folder, 'logged.db')
    for (const suffix of ['', '-wal', '.mark']) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`)
    await engine.close()
    const log = readFileSync(`${copy}-wal`)
    log.write('#', log.lastIndexOf('tenantacme'))
    writeFileSync(`${copy}-wal`, log)
    const { lostRows } = await recover({ path: copy, nowMs: 1 })
    expect(lostRows).toContainEqual({
      table: 'budgets',
      row: expect.stringMatching(/^page \d+$/),
      reason: expect.stringContaining('as it was before'),
    })
  })
})
