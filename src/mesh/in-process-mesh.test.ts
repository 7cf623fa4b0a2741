import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import { limits } from '../core/limits.ts'
import { eventMeshSuite } from '../testing/event-mesh-suite.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import type { MeshHarness } from '../testing/mesh-stage.ts'
import type { MeshDeadLetter } from './event-mesh.ts'
import { InProcessMesh } from './in-process-mesh.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'

/** A mesh whose queues outlive its process where there is a store. */
async function open(): Promise<MeshHarness> {
  const time = new FakeTime()
  const store = new MemoryQueueStore()
  let clock = time.newLife()
  let mesh = new InProcessMesh({ clock, store })
  return {
    name: 'suite',
    get mesh() {
      return mesh
    },
    advance: (ms) => time.advance(ms),
    async restart() {
      clock.die()
      clock = time.newLife()
      mesh = new InProcessMesh({ clock, store })
    },
    async close() {
      const closing = mesh.close()
      await time.advance(limits.meshDeadlineMsMax)
      await closing
    },
  }
}

const cases = eventMeshSuite(open)

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(cases)('$name', ({ run }) => run())

test('a gap must name a case or a theme', () => {
  const never = () => Promise.reject(new Error('never opened'))
  expect(() => eventMeshSuite(never, { 'no such case': 'why' })).toThrow("'no such case' names no")
  const [first] = cases
  expect(eventMeshSuite(never, { [first?.name ?? '']: 'why' })).toHaveLength(cases.length - 1)
  const durable = cases.filter(({ name }) => name.startsWith('durability: ')).length
  expect(eventMeshSuite(never, { durability: 'why' })).toHaveLength(cases.length - durable)
})

test('a mesh without a store must declare that nothing of it is durable', async () => {
  const cases = eventMeshSuite(async () => {
    const { name, mesh, advance, close } = await open()
    return { name, mesh, advance, close }
  })
  const durable = cases.find(({ name }) => name.startsWith('durability: '))
  await expect(durable?.run()).rejects.toThrow("declare the gap 'durability'")
})

function event(id: string, type = 't'): CloudEvent {
  return { id, source: 'test', type, time: null, subject: null, data: null }
}

test('what nobody is left for is a dead letter, and a listener that throws stops nobody', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const dead: MeshDeadLetter[] = []
  mesh.onDeadLetter(() => {
    throw new Error('broken')
  })
  const end = mesh.onDeadLetter((letter) => dead.push(letter))
  const release = Promise.withResolvers<void>()
  const subscription = await mesh.subscribe('t', () => release.promise, { maxConcurrent: 1 })
  for (const id of ['1', '2']) await mesh.publish(event(id))
  await time.advance(0)
  const stopping = subscription.stop()
  expect(dead.map(({ event: of, deliveries }) => [of?.id, deliveries])).toEqual([['2', 0]])
  release.reject(new Error('too late'))
  await stopping
  expect(dead.map(({ event: of, error }) => [of?.id, error.message])).toEqual([
    ['2', expect.stringContaining('stopped')],
    ['1', 'too late'],
  ])
  end()
  await mesh.drain()
})

test('what waits to be delivered again when the last handler stops is a dead letter at once', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const dead: string[] = []
  mesh.onDeadLetter(({ event: of, deliveries }) => dead.push(`${of?.id} ${deliveries}`))
  let calls = 0
  const subscription = await mesh.subscribe('t', async () => {
    calls++
    throw new Error('down')
  })
  await mesh.publish(event('1'))
  await time.advance(150)
  await subscription.stop()
  await mesh.drain()
  expect(dead).toEqual(['1 2'])
  await mesh.subscribe('t', async () => void calls++)
  await time.advance(60_000)
  expect([calls, dead.length]).toEqual([2, 1])
})

test('a subscription has stopped when the last of its deliveries has ended', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const waiting: (() => void)[] = []
  const subscription = await mesh.subscribe(
    't',
    () => new Promise<void>((end) => waiting.push(end)),
  )
  for (const id of ['1', '2']) await mesh.publish(event(id))
  await time.advance(0)
  let isStopped = false
  void subscription.stop().then(() => (isStopped = true))
  for (const expected of [false, true]) {
    waiting.shift()?.()
    await time.advance(0)
    expect(isStopped).toBe(expected)
  }
})

test('no more than meshPublishersMax publishers wait for room', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const release = Promise.withResolvers<void>()
  await mesh.subscribe('t', () => release.promise)
  for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(event(String(i)))
  const waiting = Array.from({ length: limits.meshPublishersMax }, (_, i) =>
    mesh.publish(event(`w${i}`), { roomWithinMs: 1_000 }),
  )
  await expect(mesh.publish(event('over'), { roomWithinMs: 1_000 })).rejects.toThrow('meshQueueMax')
  release.resolve()
  await time.advance(0)
  await Promise.all(waiting)
  await mesh.drain()
})

test('a request that nobody waits for any more is not delivered', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const seen: string[] = []
  const release = Promise.withResolvers<void>()
  const handler = async ({ id }: CloudEvent): Promise<void> => {
    seen.push(id)
    await release.promise
  }
  await mesh.subscribe('t', handler, { maxConcurrent: 1 })
  await mesh.publish(event('first'))
  const reply = mesh.request(event('late'), { timeoutMs: 100 }).catch(String)
  await time.advance(100)
  expect(await reply).toContain('within 100 ms')
  release.resolve()
  await mesh.drain()
  expect(seen).toEqual(['first'])
})

test('handlers that publish to each other without end leave the event loop its turns', async () => {
  const mesh = new InProcessMesh({ clock: systemClock })
  let count = 0
  let isOver = false
  await mesh.subscribe('*', async ({ type }) => {
    count++
    if (!isOver) await mesh.publish(event(String(count), type === 'ping' ? 'pong' : 'ping'))
  })
  await mesh.publish(event('0', 'ping'))
  await new Promise<void>((resolve) => systemClock.after(5, resolve))
  isOver = true
  await mesh.close()
  expect(count).toBeGreaterThan(100)
})

test('whatever fails and whoever leaves, each accepted event is handled or a dead letter in each group', async () => {
  const failures = fc.array(fc.nat(6), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(failures, fc.nat(40), fc.nat(40), async (wanted, stopAt, pauseAt) => {
      const time = new FakeTime()
      const mesh = new InProcessMesh({ clock: time.newLife() })
      const ended: string[] = []
      mesh.onDeadLetter(({ event: of }) => ended.push(`dead ${of?.id}`))
      const handler = async ({ id }: CloudEvent, { attempt }: { attempt: number }) => {
        if (attempt <= (wanted[Number(id)] ?? 0)) throw new Error('down')
        ended.push(`done ${id}`)
      }
      const members = [
        await mesh.subscribe('t', handler, { group: 'g', maxConcurrent: 1 }),
        await mesh.subscribe('*', handler),
        await mesh.subscribe('t', handler, { group: 'g', maxConcurrent: 2 }),
      ]
      for (const id of wanted.keys()) {
        await mesh.publish(event(String(id)))
        if (id === pauseAt) await time.advance(150)
        if (id === stopAt) await members[0]?.stop()
      }
      await time.advance(60_000)
      await mesh.drain()
      const expected = wanted.flatMap((failing, id) => {
        const end = failing < limits.meshDeliveriesMax ? 'done' : 'dead'
        return [`${end} ${id}`, `${end} ${id}`]
      })
      expect(ended.toSorted()).toEqual(expected.toSorted())
    }),
    { numRuns: 50 },
  )
})

test('members of a group are served in turn, also when each event comes after the one before is handled', async () => {
  const time = new FakeTime()
  const mesh = new InProcessMesh({ clock: time.newLife() })
  const got = [0, 0, 0]
  for (let i = 0; i < 3; i++)
    await mesh.subscribe('t', async () => void (got[i] = (got[i] ?? 0) + 1), { group: 'g' })
  for (let i = 0; i < 9; i++) {
    await mesh.publish(event(`turn-${i}`))
    await time.advance(0)
  }
  expect(got).toEqual([3, 3, 3])
  await mesh.close()
})
