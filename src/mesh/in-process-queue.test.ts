import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloudEvent } from '../core/contracts/events.ts'
import { OrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { type Random, seededRandom } from '../core/random.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { InProcessMesh } from './in-process-mesh.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'

function event(id: string, partitionkey?: string): CloudEvent {
  const plain = { id, source: 'test', type: 't', time: null, subject: null, data: null }
  return partitionkey === undefined ? plain : { ...plain, partitionkey }
}

test('a delay counts from the sending, also for what waits behind another of its key', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const queue = await mesh.queue('q')
  const startMs = time.monotonicMs
  const at: [string, number][] = []
  await queue.work(async ({ id }) => {
    at.push([id, time.monotonicMs - startMs])
    if (id === 'first') await new Promise<void>((end) => time.after(clock, 1_000, end))
  })
  const clock = time.newLife()
  void queue.send(event('first', 'k'))
  void queue.send(event('late', 'k'), { delayMs: 5_000 })
  void queue.send(event('last', 'k'))
  await time.advance(10_000)
  expect(at).toEqual([
    ['first', 0],
    ['late', 5_000],
    ['last', 5_000],
  ])
})

test('only so many repeats are remembered, the newest, and their rows go', async () => {
  const time = new FakeTime()
  const store = new MemoryQueueStore()
  const mesh = new InProcessMesh({ clock: time.newLife(), store })
  const queue = await mesh.queue('q')
  await queue.work(async () => undefined)
  for (let i = 0; i <= limits.queueRepeatsMax; i++) void queue.send(event(String(i)))
  await time.advance(0)
  expect(store.load('q')).toHaveLength(limits.queueRepeatsMax)
  const again = Promise.all(['0', '1', '2'].map((id) => queue.send(event(id))))
  await time.advance(0)
  // Each newly handled one pushes the oldest out.
  expect(await again).toEqual(['accepted', 'repeated', 'repeated'])
})

test('when the mesh closes, what runs is recorded and the rest stays', async () => {
  const time = new FakeTime()
  const store = new MemoryQueueStore()
  const mesh = new InProcessMesh({ clock: time.newLife(), store })
  const queue = await mesh.queue('q')
  const release = Promise.withResolvers<void>()
  await queue.work(() => release.promise, { maxConcurrent: 1 })
  for (const id of ['1', '2']) void queue.send(event(id))
  await time.advance(0)
  const closing = mesh.close()
  await expect(queue.send(event('3'))).rejects.toThrow('closed')
  release.resolve()
  await time.advance(0)
  await closing
  expect(store.load('q').map(({ status, deliveries }) => [status, deliveries])).toEqual([
    ['done', 1],
    ['waiting', 0],
  ])
  expect(time.nextDueMs).toBe(Infinity)
})

/** A store whose disk is full now and then. */
class FaultyStore extends MemoryQueueStore {
  readonly #random: Random
  isFull = false

  constructor(random: Random) {
    super()
    this.#random = random
  }

  override commit(...[changes]: Parameters<MemoryQueueStore['commit']>): Promise<void> {
    if (this.isFull && this.#random() < 0.4)
      return Promise.reject(new OrchestrationError('StorageError', 'full', { retryable: true }))
    return super.commit(changes)
  }
}

test('whatever fails, hangs, fills up or dies: nothing accepted is lost, and keys keep their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat({ max: 4 }), async (seed, deaths) => {
      const random = seededRandom(seed)
      const time = new FakeTime()
      const store = new FaultyStore(random)
      const accepted: string[] = []
      const ended: string[] = []
      const attempts = new Map<string, number>()
      const uncounted: string[] = []
      let number = 0
      const live = async (isLast: boolean) => {
        store.isFull = !isLast
        const clock = time.newLife()
        const mesh = new InProcessMesh({ clock, store })
        mesh.onDeadLetter(({ event: of }) => ended.push(of?.id ?? 'lost'))
        const queue = await mesh.queue('q', { deliveriesMax: 3, visibilityMs: 2_000 })
        const handler = async ({ id }: CloudEvent, { attempt }: { attempt: number }) => {
          if (clock.isDead) return
          if (attempt <= (attempts.get(id) ?? 0)) uncounted.push(id)
          attempts.set(id, attempt)
          const roll = random()
          if (roll < 0.2) throw new Error('down')
          if (roll < 0.3) await new Promise(() => {})
          if (roll < 0.6) await new Promise<void>((end) => clock.after(roll * 1_000, end))
          ended.push(id)
        }
        for (let i = 0; i < 2; i++) await queue.work(handler, { maxConcurrent: 2 })
        for (let i = 0; i < (isLast ? 0 : 12); i++) {
          const key = random() < 0.3 ? undefined : `k${Math.floor(random() * 3)}`
          const id = `${key ?? 'free'}-${number++}`
          queue.send(event(id, key)).then(
            () => accepted.push(id),
            () => {},
          )
          if (random() < 0.4) await time.advance(Math.floor(random() * 700))
        }
        await time.advance(isLast ? 600_000 : 0)
        if (isLast) await mesh.drain()
        clock.die()
        return queue.reading().depth
      }
      for (let life = 0; life < deaths; life++) await live(false)
      expect(await live(true)).toBe(0)
      expect(uncounted).toEqual([])
      for (const id of accepted) expect(ended).toContain(id)
      for (const key of ['k0', 'k1', 'k2']) {
        const firstEnds = [...new Set(ended)].filter((id) => id.startsWith(key))
        const inOrder = accepted.filter((id) => id.startsWith(key))
        expect(firstEnds.filter((id) => accepted.includes(id))).toEqual(inOrder)
      }
    }),
    { numRuns: 150 },
  )
})
