import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { defineAgent } from '../src/agents/index.ts'
import { StateConsistencyError } from '../src/core/errors.ts'
import { type Journal, MemoryJournal, openEngine, SqliteJournal } from '../src/engine/index.ts'
import { Database } from '../src/storage/index.ts'
import { call, deaf, EngineStage, probe } from '../src/testing/index.ts'
import { EmbeddedHarness, memoryStore, type Store } from './support/embedded-harness.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const slow = { name: 'slow', version: '1.0.0', steps: { a: { agent: 'slow', action: 'work' } } }
const slowAgent = defineAgent({
  type: 'slow',
  actions: { work: { effect: 'idempotent', run: () => 'by the new owner' } },
})

describe('two owners', () => {
  it('a second engine on a file that is owned is refused, and may have it later', async () => {
    const db = join(newFolder(), 'aura.db')
    const first = await openEngine({ db })
    await expect(openEngine({ db })).rejects.toMatchObject({ code: 'OwnerError', retryable: true })
    await first.close()
    const second = await openEngine({ db })
    await second.close()
  })

  it(
    'an owner that was stopped, lost its lock and wakes up records nothing any more',
    { timeout: 30_000 },
    async () => {
      const folder = newFolder()
      const files = { db: join(folder, 'aura.db'), done: join(folder, 'done') }
      const child = spawn(
        process.execPath,
        [
          fileURLToPath(new URL('support/stopped-process.ts', import.meta.url)),
          files.db,
          files.done,
        ],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      cleanUps.push(() => child.kill('SIGKILL'))
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      expect((await lines.next()).value).toBe('called')
      child.kill('SIGSTOP')
      await expect(openEngine({ db: files.db })).rejects.toMatchObject({ code: 'OwnerError' })
      // As on a network disk that forgets the locks of a host that does not answer.
      rmSync(`${files.db}.lock`)
      const engine = await openEngine({ db: files.db, agents: [slowAgent] })
      cleanUps.push(() => engine.close())
      const run = await engine.continueWorkflow('x')
      expect(run).toMatchObject({ status: 'completed', output: { a: 'by the new owner' } })
      writeFileSync(files.done, '')
      child.kill('SIGCONT')
      expect((await lines.next()).value).toBe('refused StateConsistencyError')
      expect((await lines.next()).value).toMatch(
        /^refused (StateConsistencyError|ResourceExhaustionError)$/,
      )
      expect(await engine.getExecution('x')).toMatchObject({
        status: 'completed',
        output: { a: 'by the new owner' },
      })
      await expect(engine.getExecution('y')).rejects.toMatchObject({ code: 'NotFoundError' })
      expect((await engine.executeWorkflow('slow', slow, { executionId: 'y' })).status).toBe(
        'completed',
      )
    },
  )
})

describe.each([
  { name: 'a full disk', stop: 'PRAGMA max_page_count = 1', go: 'PRAGMA max_page_count = 1000000' },
  {
    name: 'a file that became read-only',
    stop: 'PRAGMA query_only = ON',
    go: 'PRAGMA query_only = OFF',
  },
])('$name', ({ stop, go }) => {
  it('closes admission, keeps what was going on and goes on by itself afterwards', async () => {
    const store = ownStore()
    const { stage, harness } = await open(store)
    const big = 'x'.repeat(100_000)
    const document = probe({
      a: call('write', { with: { big: '${ input.big }' } }),
      b: call('write', { needs: ['a'] }),
    })
    stage.script.run = () => deaf
    const id = await stage.begin(document, { input: { big } })
    store.sql(stop)
    // Another value than the input's, which is stored already and would take no room.
    stage.script.call('a').resolve({ big: big.replaceAll('x', 'y') })
    await harness.advance(1_000)
    const refused = await stage.refused(
      stage.engine.startWorkflow('probe', document, { input: { big } }),
      'ResourceExhaustionError',
    )
    expect(refused.retryable).toBe(true)
    expect(refused.hint).not.toBeNull()
    expect(stage.script.count('b')).toBe(0)
    for (const verb of [
      stage.engine.pauseWorkflow(id),
      stage.engine.setState(id, 'k', 1),
      stage.engine.rollback(id, 'start'),
    ])
      await stage.refused(verb, 'ResourceExhaustionError')
    await harness.advance(60_000)
    expect(stage.script.count('b')).toBe(0)
    stage.script.run = () => 'done'
    store.sql(go)
    await harness.advance(5_000)
    expect((await stage.ended(id)).output).toEqual({ b: 'done' })
    expect((await stage.finish(document, { input: { big: 'small' } })).status).toBe('completed')
  })

  it('loses nothing when the process dies meanwhile', async () => {
    const store = ownStore()
    const { stage, harness } = await open(store)
    stage.script.run = ({ stepId }) => (stepId === 'a' ? deaf : 'b')
    const id = await stage.begin(probe({ a: call('write'), b: call('write', { needs: ['a'] }) }))
    store.sql(stop)
    stage.script.call('a').resolve('never recorded'.repeat(10_000))
    await harness.advance(2_000)
    stage.script.run = ({ stepId }) => stepId
    await harness.restart()
    expect((await stage.ended(id)).output).toEqual({ b: 'b' })
    expect(stage.script.count('a')).toBe(2)
  })
})

describe('a clock that is set back', () => {
  it('moves no live timer; a recovered one is due by the wall', async () => {
    const { stage, harness } = await open(memoryStore())
    const live = await stage.begin(probe({ a: { sleep: '10s' } }))
    harness.time.setWall(harness.nowMs() - 3_600_000)
    expect((await stage.ended(live, 10_000)).status).toBe('completed')
    const recovered = await stage.begin(probe({ a: { sleep: '10s' } }))
    harness.time.setWall(harness.nowMs() - 60_000)
    await harness.restart()
    await harness.advance(69_999)
    expect(await stage.status(recovered)).toBe('waiting')
    expect((await stage.ended(recovered, 1)).status).toBe('completed')
  })

  it('set ahead, it ends no live timer early', async () => {
    const { stage, harness } = await open(memoryStore())
    const id = await stage.begin(probe({ a: { sleep: '10s' } }, { timeout: '1m' }))
    harness.time.setWall(harness.nowMs() + 3_600_000)
    await harness.advance(9_999)
    expect(await stage.status(id)).toBe('waiting')
    expect((await stage.ended(id, 1)).status).toBe('completed')
  })
})

const circle: Record<string, unknown> = {}
circle['self'] = circle
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('get')
    },
    has() {
      throw new Error('has')
    },
    ownKeys() {
      throw new Error('ownKeys')
    },
    getPrototypeOf() {
      throw new Error('getPrototypeOf')
    },
  },
)

describe('an agent that misbehaves', () => {
  it.each([
    { name: 'null', thrown: null },
    { name: 'undefined', thrown: undefined },
    { name: 'a number', thrown: 42 },
    { name: 'a symbol', thrown: Symbol('odd') },
    { name: 'a function', thrown: () => 1 },
    { name: 'a circle', thrown: circle },
    { name: 'a Proxy that throws', thrown: hostile },
    { name: 'an error with a huge message', thrown: new Error('x'.repeat(10_000_000)) },
    {
      name: 'an error whose code is odd',
      thrown: Object.assign(new Error('m'), { code: { a: 1 }, details: 1n, hint: 7 }),
    },
  ])('that throws $name fails its step with a typed error', async ({ thrown }) => {
    for (const isAsync of [false, true]) {
      const error = await failureOf(() => {
        if (isAsync) return Promise.reject(thrown)
        throw thrown
      })
      expect(error.code).toBe('AgentError')
      expect(error.message.length).toBeLessThan(3_000)
    }
  })

  it.each([
    { name: '50 MB', output: () => 'x'.repeat(50_000_000) },
    { name: 'a BigInt', output: () => 1n },
    { name: 'a circle', output: () => circle },
    { name: 'a Proxy that throws', output: () => hostile },
    { name: 'a function', output: () => () => 1 },
    { name: 'a symbol deep inside', output: () => ({ a: [{ b: Symbol('s') }] }) },
    { name: 'something nested 10,000 deep', output: () => nested(10_000) },
    { name: 'a toJSON that throws', output: () => ({ toJSON: () => fail() }) },
    {
      name: 'a getter that throws',
      output: () => ({
        get a() {
          return fail()
        },
      }),
    },
    {
      name: 'a thenable that throws',
      output: () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what an agent returns may be one
        get then() {
          return fail()
        },
      }),
    },
  ])('that returns $name fails its step with a typed error', async ({ output }) => {
    const error = await failureOf(output)
    expect(['AgentOutputError', 'AgentError', 'ResourceExhaustionError']).toContain(error.code)
    expect(error.message.length).toBeLessThan(3_000)
  })

  it('that hangs is given up at its timeout, and its place is free', async () => {
    const { stage, harness } = await open(memoryStore())
    stage.script.run = () => deaf
    const run = await stage.finish(
      probe({
        a: {
          agent: 'narrow',
          action: 'read',
          timeout: '1s',
          retry: { maxAttempts: 2, initialInterval: '1s', jitter: 0 },
        },
      }),
      { forMs: 3_000 },
    )
    expect(run.error?.code).toBe('WorkflowTimeoutError')
    expect(Object.values(harness.held()).every((count) => count === 0)).toBe(true)
  })

  it('that resolves twice or late has answered once', async () => {
    const { stage } = await open(memoryStore())
    stage.script.run = () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- a foreign thenable that breaks its promise
      then(resolve: (value: string) => void) {
        resolve('first')
        resolve('second')
        throw new Error('third')
      },
    })
    expect((await stage.finish(probe({ a: call('read') }))).output).toEqual({ a: 'first' })
  })
})

describe('a batch with a culprit', () => {
  it('breaks the culprit alone, with its own error; the others of the same commit go on', async () => {
    const journal = new CulpritJournal()
    const { stage } = await open({ open: () => journal, lose() {}, remove() {} })
    const document = probe({ a: call('write'), b: call('write', { needs: ['a'] }) })
    const ids = ['good-1', 'culprit', 'good-2']
    stage.script.run = () => deaf
    for (const executionId of ids) await stage.begin(document, { executionId })
    journal.culprit = 'culprit'
    const endings = ids.map((id) => stage.engine.continueWorkflow(id))
    const refusal = endings[1]?.catch((error: unknown) => error)
    stage.script.run = () => 'b'
    for (const { stepId, resolve } of stage.script.calls.slice()) if (stepId === 'a') resolve('a')
    await stage.harness.advance(0)
    expect(await refusal).toMatchObject({
      code: 'StateConsistencyError',
      message: expect.stringContaining('culprit'),
    })
    expect(await Promise.all([endings[0], endings[2]])).toMatchObject([
      { status: 'completed' },
      { status: 'completed' },
    ])
    journal.culprit = null
    await stage.harness.restart()
    expect((await stage.ended('culprit')).status).toBe('completed')
  })
})

/** Refuses every batch that has a row of one execution. */
class CulpritJournal extends MemoryJournal {
  culprit: string | null = null

  override append(batch: Parameters<Journal['append']>[0]): Promise<void> {
    const number = this.culprit === null ? null : this.find(this.culprit)?.execution
    const isRefused =
      batch.starts.some(({ executionId }) => executionId === this.culprit) ||
      batch.rows.some(({ execution }) => execution === number)
    if (isRefused) return Promise.reject(new StateConsistencyError(`'${this.culprit}' is refused`))
    return super.append(batch)
  }

  override close(): Promise<void> {
    return Promise.resolve()
  }
}

async function failureOf(
  run: () => unknown,
): Promise<{ readonly code: string; readonly message: string }> {
  const { stage } = await open(memoryStore())
  stage.script.run = ({ stepId }) => (stepId === 'a' ? run() : 'fine')
  const failed = await stage.finish(probe({ a: call('read', { retry: { maxAttempts: 1 } }) }))
  expect(failed.status).toBe('failed')
  expect((await stage.finish(probe({ b: call('read') }))).output).toEqual({ b: 'fine' })
  stage.releasedAll()
  if (failed.error === null) throw new Error('a failed run has an error')
  return failed.error
}

async function open(
  store: Store,
): Promise<{ readonly stage: EngineStage; readonly harness: EmbeddedHarness }> {
  let opened: EmbeddedHarness | null = null
  const stage = new EngineStage(async (options) => {
    opened = new EmbeddedHarness(store, options)
    await opened.start()
    return opened
  })
  await stage.open()
  cleanUps.push(() => stage.close())
  return { stage, harness: opened as unknown as EmbeddedHarness }
}

/** A file whose connection the test can spoil. */
function ownStore(): Store & { readonly sql: (text: string) => void } {
  const path = join(newFolder(), 'aura.db')
  let database: Database | null = null
  const lose = (): void => {
    database?.close()
    database = null
  }
  return {
    open() {
      database = Database.open({ path, durability: 'normal' })
      return new SqliteJournal(database)
    },
    lose,
    remove: lose,
    sql: (text) => void database?.prepare(text).get(),
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

function fail(): never {
  throw new Error('odd')
}
