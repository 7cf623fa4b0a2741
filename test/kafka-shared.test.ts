import { afterEach, expect, test, vi } from 'vitest'
import { systemClock as clock } from '../src/core/clock.ts'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { kafkaMesh, type KafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 60_000 })
const meshes: KafkaMesh[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map((mesh) => mesh.close()))
})

function event(type: string, id: string, more: Partial<CloudEvent> = {}): CloudEvent {
  return { id, source: 'test', type, time: null, subject: null, data: null, ...more }
}

await describeWithServices('two processes that share a mesh over Kafka', ['kafka'], ({ kafka }) => {
  const name = `shared${process.pid}`
  const ids = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`)

  async function open(): Promise<KafkaMesh> {
    const mesh = await kafkaMesh({ brokers: readBrokers(kafka), clock })
    meshes.push(mesh)
    return mesh
  }

  /** Until something is so, which is a matter of the broker's time. */
  function soon(isSo: () => void): Promise<void> {
    return vi.waitFor(isSo, { timeout: 30_000, interval: 20 })
  }

  test('each piece of work is done once, by one of them, and both work', async () => {
    const [a, b] = [await open(), await open()]
    const did: Record<string, string[]> = { a: [], b: [] }
    for (const [who, mesh] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const queue = await mesh.queue(`${name}-work`)
      await queue.work(
        async ({ id }) => {
          did[who]?.push(id)
          await new Promise((resolve) => setTimeout(resolve, 5))
        },
        { maxConcurrent: 2 },
      )
    }
    const queue = await a.queue(`${name}-work`)
    await Promise.all(ids(100).map((id) => queue.send(event('work', id))))
    await soon(() => expect(queue.reading()).toMatchObject({ depth: 0, inFlight: 0 }))
    expect([...(did['a'] ?? []), ...(did['b'] ?? [])].toSorted()).toEqual(ids(100).toSorted())
    expect(Math.min(did['a']?.length ?? 0, did['b']?.length ?? 0)).toBeGreaterThan(0)
    // Both know what became of it.
    const there = await b.queue(`${name}-work`)
    expect(await there.send(event('work', 'e1'))).toBe('repeated')
  })

  test('work of one key is done in order, whoever does it', async () => {
    const [a, b] = [await open(), await open()]
    const done: string[] = []
    for (const mesh of [a, b]) {
      const queue = await mesh.queue(`${name}-order`)
      await queue.work(async ({ id }) => void done.push(id))
    }
    const queue = await a.queue(`${name}-order`)
    for (const id of ids(20)) await queue.send(event('work', id, { partitionkey: 'k' }))
    await soon(() => expect(done).toHaveLength(20))
    expect(done).toEqual(ids(20))
  })

  test('a group is shared, and what one leaves the other one takes', async () => {
    const [a, b] = [await open(), await open()]
    const got: Record<string, string[]> = { a: [], b: [] }
    const type = `${name}.t`
    const group = `${name}-group`
    await a.subscribe(type, async ({ id }) => void got['a']?.push(id), { group })
    await b.subscribe(type, async ({ id }) => void got['b']?.push(id), { group })
    const all = () => [...new Set([...(got['a'] ?? []), ...(got['b'] ?? [])])].toSorted()
    const publisher = await open()
    for (const id of ids(60)) await publisher.publish(event(type, id))
    await soon(() => expect(all()).toEqual(ids(60).toSorted()))
    await b.close()
    const before = got['b']?.length
    const more = ids(90).slice(60)
    for (const id of more) await publisher.publish(event(type, id))
    await soon(() => expect(got['a']).toEqual(expect.arrayContaining(more)))
    expect(got['b']).toHaveLength(before ?? 0)
  })

  test('what a group has not heard while nobody was there, the next one hears', async () => {
    const type = `${name}.kept`
    const group = `${name}-kept`
    const first = await open()
    await first.subscribe(type, async () => undefined, { group })
    await first.close()
    const publisher = await open()
    for (const id of ids(5)) await publisher.publish(event(type, id))
    const got: string[] = []
    const next = await open()
    await next.subscribe(type, async ({ id }) => void got.push(id), { group })
    await soon(() => expect(got.toSorted()).toEqual(ids(5)))
  })

  test('a request is answered by another process, cancelled there, and fails with its error', async () => {
    const [asker, other] = [await open(), await open()]
    const stopped = Promise.withResolvers<void>()
    await other.subscribe(
      `${name}.ask`,
      async ({ id }, { signal }) => {
        if (id === 'slow') {
          signal.addEventListener('abort', () => stopped.resolve())
          await new Promise(() => {})
        }
        if (id === 'bad') throw Object.assign(new Error('no'), { retryable: false })
        return event('answer', `re-${id}`)
      },
      { group: `${name}-ask` },
    )
    const ask = (id: string, signal?: AbortSignal) =>
      asker.request(event(`${name}.ask`, id), { timeoutMs: 20_000, ...(signal && { signal }) })
    expect((await ask('1')).id).toBe('re-1')
    const controller = new AbortController()
    const slow = ask('slow', controller.signal)
    setTimeout(() => controller.abort(), 200)
    await expect(slow).rejects.toMatchObject({ code: 'WorkflowCancelledError' })
    await stopped.promise
    await expect(ask('bad')).rejects.toMatchObject({ message: expect.stringContaining('no') })
  })
})
