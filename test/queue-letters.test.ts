import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { OrchestrationError } from '../src/core/errors.ts'
import { inProcessMesh, type InProcessMesh } from '../src/mesh/index.ts'
import { Database, queueLetters, SqliteQueueStore } from '../src/storage/index.ts'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'

// Several processes one after the other, on machines that have other work too.
vi.setConfig({ testTimeout: 60_000 })

let folder = ''
let path = ''
beforeEach(async () => {
  folder = newFolder()
  path = join(folder, '.aura', 'aura.db')
  mkdirSync(dirname(path))
  await withMesh(fill)
})
afterEach(cleanUp)

async function withMesh<T>(work: (mesh: InProcessMesh, file: Database) => Promise<T>): Promise<T> {
  const database = Database.open({ path })
  const mesh = inProcessMesh({ clock: systemClock, store: new SqliteQueueStore(database) })
  try {
    return await work(mesh, database)
  } finally {
    await mesh.close()
    database.close()
  }
}

/** Two events of the queue `a/b` that no worker wants, which are its dead letters 1 and 2. */
async function fill(mesh: InProcessMesh): Promise<void> {
  const queue = await mesh.queue('a/b')
  for (const id of ['m1', 'm2'])
    await queue.send({ id, source: 's', type: 't', time: null, subject: null, data: { id } })
  await queue.work(() =>
    Promise.reject(new OrchestrationError('AgentError', 'no such customer', { retryable: false })),
  )
  while (queue.reading().dead < 2) await new Promise((resolve) => setImmediate(resolve))
}

/** Ids of events in the order in which a worker gets them that comes later. */
function worked(count: number): Promise<readonly string[]> {
  return withMesh(async (mesh) => {
    const ids: string[] = []
    const queue = await mesh.queue('a/b')
    await new Promise<void>((resolve) => {
      void queue.work(async ({ id }) => {
        if (ids.push(id) === count) resolve()
      })
    })
    return ids
  })
}

const listed = async (): Promise<readonly string[]> => {
  const { value } = await auraJson<{ deadLetters: { id: string }[] }>(folder, 'dlq', 'ls')
  return value.deadLetters.map(({ id }) => id)
}

describe('dead letters of work queues on the command line', () => {
  it('are listed and shown, redriven and discarded without an owner of the file', async () => {
    const { value } = await auraJson(folder, 'dlq', 'ls')
    expect(value).toEqual({
      deadLetters: ['queue:a/b/1', 'queue:a/b/2'].map((id) => ({
        id,
        executionId: null,
        stepId: null,
        error: expect.objectContaining({ code: 'AgentError', message: 'no such customer' }),
        atMs: expect.any(Number),
      })),
    })
    const shown = await auraJson(folder, 'dlq', 'show', 'queue:a/b/2')
    expect(shown.value).toMatchObject({
      id: 'queue:a/b/2',
      executionId: null,
      queue: 'a/b',
      deliveries: 1,
      event: { id: 'm2', data: { id: 'm2' } },
    })
    const person = await aura(folder, 'dlq', 'show', 'queue:a/b/2')
    expect(person.stdout).toContain('an event of the work queue a/b, delivered once')
    const redriven = await auraJson(folder, 'dlq', 'redrive', 'queue:a/b/2')
    expect(redriven).toMatchObject({ code: 0, value: { executionId: null, status: 'waiting' } })
    expect(redriven.stderr).toContain('whoever next works on the queue gets it')
    const again = await auraJson(folder, 'dlq', 'redrive', 'queue:a/b/2')
    expect(again).toMatchObject({ code: 2, value: { error: { code: 'NotFoundError' } } })
    const discarded = await auraJson(folder, 'dlq', 'discard', '--all')
    expect(discarded.value).toEqual({
      results: [{ id: 'queue:a/b/1', executionId: null, status: 'discarded', error: null }],
    })
    expect(await listed()).toEqual([])
    expect(await worked(1)).toEqual(['m2'])
  })

  it('are closed by the owner of the file when there is one', async () => {
    const serve = startAura(folder, ['serve', '--port', '0', '--json'])
    await serve.prints(/"port":\d+/)
    expect(await listed()).toEqual(['queue:a/b/1', 'queue:a/b/2'])
    const redriven = await auraJson(folder, 'dlq', 'redrive', 'queue:a/b/1')
    expect(redriven).toMatchObject({ code: 0, value: { executionId: null, status: 'waiting' } })
    const discarded = await auraJson(folder, 'dlq', 'discard', 'queue:a/b/2')
    expect(discarded.value).toEqual({ executionId: null, status: 'discarded' })
    expect(await listed()).toEqual([])
    serve.kill('SIGTERM')
    await serve.ended
    expect(await worked(1)).toEqual(['m1'])
  })
})

it('a dead letter of a queue that is open goes back to its workers at once', async () => {
  await withMesh(async (mesh, file) => {
    const queue = await mesh.queue('a/b')
    const got = Promise.withResolvers<string>()
    await queue.work(async ({ id }) => got.resolve(id))
    await mesh.queueLetters.discard('a/b', '1')
    await mesh.queueLetters.redrive('a/b', '2')
    expect(await got.promise).toBe('m2')
    expect(queueLetters(file, 10)).toEqual([])
    expect(queue.reading().dead).toBe(0)
    await expect(mesh.queueLetters.redrive('a/b', '1')).rejects.toMatchObject({
      code: 'NotFoundError',
    })
    await expect(mesh.queueLetters.discard('other', '1')).rejects.toMatchObject({
      code: 'NotFoundError',
    })
  })
})
