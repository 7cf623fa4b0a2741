import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, test } from 'vitest'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { limits } from '../src/core/limits.ts'
import { seededRandom } from '../src/core/random.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import { backupDatabase, Database, SqliteQueueStore } from '../src/storage/index.ts'
import { eventMeshSuite, FakeTime, type MeshHarness } from '../src/testing/index.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'queues-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'aura.db')
}

interface FileHarness extends MeshHarness {
  readonly path: string
  readonly database: Database
  restart(): Promise<void>
}

/** A mesh over a file, in fake time. */
async function open(): Promise<FileHarness> {
  const path = newFile()
  const time = new FakeTime()
  const start = () => {
    const clock = time.newLife()
    const database = Database.open({ path, durability: 'normal' })
    const mesh = new InProcessMesh({ clock, store: new SqliteQueueStore(database) })
    return { clock, database, mesh }
  }
  let life = start()
  const lose = (): void => {
    life.clock.die()
    life.database.close()
  }
  cleanUps.push(lose)
  return {
    path,
    name: 'suite',
    get mesh() {
      return life.mesh
    },
    get database() {
      return life.database
    },
    advance: (ms) => time.advance(ms),
    async restart() {
      lose()
      life = start()
    },
    async close() {
      const closing = life.mesh.close()
      await time.advance(limits.meshDeadlineMsMax)
      await closing
    },
  }
}

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(eventMeshSuite(open))('over a file, $name', ({ run }) => run())

function event(id: string): CloudEvent {
  return { id, source: 'test', type: 't', time: null, subject: null, data: { id } }
}

async function send(harness: FileHarness, ids: readonly string[]): Promise<void> {
  const queue = await harness.mesh.queue('q')
  for (const id of ids) {
    const sending = queue.send(event(id))
    await harness.advance(0)
    await sending
  }
}

describe('what was altered on disk', () => {
  it.each([
    [
      'an event',
      "UPDATE queue_messages SET payload = replace(payload, 't', 'u') WHERE message = 2",
    ],
    ['an event that is gone', 'UPDATE queue_messages SET payload = NULL WHERE message = 2'],
    ['a key', "UPDATE queue_messages SET repeat_key = 'x' WHERE message = 2"],
    ['a status', 'UPDATE queue_messages SET status = 9 WHERE message = 2'],
    ['a lost error', 'UPDATE queue_messages SET status = 2 WHERE message = 2'],
    ['an error', "UPDATE queue_messages SET status = 2, error = '{' WHERE message = 2"],
  ])('is a dead letter, and its neighbours are handled: %s', async (_, sql) => {
    const harness = await open()
    await send(harness, ['1', '2', '3'])
    harness.database.close()
    alter(harness.path, sql)
    await harness.restart()
    const queue = await harness.mesh.queue('q')
    const ids: string[] = []
    await queue.work(async ({ id }) => void ids.push(id))
    const drained = harness.mesh.drain()
    await harness.advance(60_000)
    await drained
    expect(ids).toEqual(['1', '3'])
    const letters = await queue.deadLetters()
    expect(letters).toMatchObject([{ id: '2', error: { code: 'StateConsistencyError' } }])
  })

  it('is found by a backup', async () => {
    const harness = await open()
    await send(harness, ['1', '2'])
    const copied = await backupDatabase(harness.path, `${harness.path}.copy`)
    expect(copied.bytes).toBeGreaterThan(0)
    harness.database.close()
    alter(harness.path, "UPDATE queue_messages SET queue = 'other' WHERE message = 2")
    await expect(backupDatabase(harness.path, `${harness.path}.next`)).rejects.toThrow(
      'row 2 of queue_messages was altered',
    )
  })
})

function alter(path: string, sql: string): void {
  const connection = new DatabaseSync(path)
  expect(connection.prepare(sql).run().changes).toBe(1)
  connection.close()
}

test('a file that cannot be written refuses what is sent, and what was handled is recorded later', async () => {
  const harness = await open()
  await send(harness, ['1', '2'])
  const queue = await harness.mesh.queue('q')
  const ends: (() => void)[] = []
  const ids: string[] = []
  await queue.work(
    ({ id }) => {
      ids.push(id)
      return new Promise<void>((end) => ends.push(end))
    },
    { maxConcurrent: 1 },
  )
  await harness.advance(0)
  harness.database.prepare('PRAGMA query_only = ON').run()
  for (const end of ends.splice(0)) end()
  const sending = queue.send(event('3')).catch((thrown: unknown) => thrown)
  await harness.advance(10_000)
  expect(await sending).toMatchObject({ code: 'StorageError', retryable: true })
  // The next delivery cannot be counted, so it is not made.
  expect([ids, queue.reading().refused]).toEqual([['1'], 1])
  harness.database.prepare('PRAGMA query_only = OFF').run()
  await harness.advance(5_000)
  expect(ids).toEqual(['1', '2'])
  for (const end of ends) end()
  await harness.advance(0)
  await send(harness, ['3'])
  expect(ids).toEqual(['1', '2', '3'])
  await harness.restart()
  expect((await harness.mesh.queue('q')).reading().depth).toBe(1)
})

const script = fileURLToPath(new URL('support/queue-process.ts', import.meta.url))

/** What lives of the process have said, one after the other, until nothing is left to do. */
class Lives {
  readonly sent = new Set<string>()
  readonly handled = new Set<string>()
  readonly dead = new Map<string, string>()
  readonly attempts = new Map<string, number>()
  /** Being handled when the test killed the process. */
  readonly struck = new Set<string>()
  isIdle = false

  async live(db: string, words: readonly number[], killAfterLines = Infinity): Promise<void> {
    const begun = new Set<string>()
    const lines = await live(db, words, killAfterLines)
    for (const line of lines) {
      const [what, id = '', number = ''] = line.split(' ')
      if (what === 'idle') this.isIdle = true
      else if (what === 'sent') this.sent.add(id)
      else if (what === 'dead') this.dead.set(id, number)
      else if (what === 'handled') {
        this.handled.add(id)
        begun.delete(id)
      } else if (what === 'begun') {
        expect(Number(number)).toBeGreaterThan(this.attempts.get(id) ?? 0)
        this.attempts.set(id, Number(number))
        begun.add(id)
      }
    }
    if (lines.length >= killAfterLines) for (const id of begun) this.struck.add(id)
  }

  /** @param isPoisonous whether the event ends its process */
  check(isPoisonous: (id: string) => boolean): void {
    for (const id of this.sent) {
      if (isPoisonous(id)) expect([id, this.dead.get(id)]).toEqual([id, '3'])
      else if (!this.handled.has(id)) expect(this.struck).toContain(id)
    }
    // Handled is also what was, and could not be recorded before the next blow.
    const isExcused = (id: string): boolean => this.struck.has(id) || this.handled.has(id)
    for (const id of this.dead.keys())
      expect([id, isPoisonous(id) || isExcused(id)]).toEqual([id, true])
  }
}

const isPoisonous = (id: string): boolean => id.endsWith('17')

describe('kill -9', () => {
  it('at random moments loses nothing and leaves no delivery uncounted', async () => {
    const db = newFile()
    const random = seededRandom(5)
    const lives = new Lives()
    for (let life = 0; life < 8; life++)
      await lives.live(db, [1_000 * life, 30], Math.ceil(random() * 80))
    for (let more = 0; !lives.isIdle; more++) {
      expect(more).toBeLessThan(60)
      await lives.live(db, [0, 0])
    }
    expect(lives.sent.size).toBeGreaterThan(60)
    expect(Math.max(...lives.attempts.values())).toBe(3)
    lives.check(isPoisonous)
  }, 60_000)

  it('by a poisonous event spends the deliveries of none of its neighbours', async () => {
    const db = newFile()
    const lives = new Lives()
    for (let life = 0; !lives.isIdle; life++) {
      expect(life).toBeLessThan(20)
      await lives.live(db, [0, life === 0 ? 30 : 0])
    }
    expect(lives.sent.size).toBeGreaterThan(15)
    expect([...lives.dead]).toEqual([['17', '3']])
    lives.check(isPoisonous)
  }, 60_000)
})

/** One life of the process: until it has said so many lines, or to its end. */
async function live(
  db: string,
  words: readonly number[],
  killAfterLines: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [script, db, ...words.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length >= killAfterLines) child.kill('SIGKILL')
  }
  await exited
  return lines
}
