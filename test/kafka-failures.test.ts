import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { systemClock as clock } from '../src/core/clock.ts'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { isOrchestrationError } from '../src/core/errors.ts'
import { kafkaMesh, type KafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { OwnBroker } from './support/own-broker.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

function event(type: string, id: string): CloudEvent {
  const none = { time: null, subject: null }
  return { id, source: 'test', type, ...none, partitionkey: `k${id.length % 3}`, data: { id } }
}

// The broker of the services says that the software is there; this one is the test's own, to be killed.
await describeWithServices('a broker that fails', ['kafka'], () => {
  let broker: OwnBroker
  const meshes: KafkaMesh[] = []
  beforeAll(async () => {
    broker = await OwnBroker.start()
  })
  afterEach(async () => {
    await Promise.all(meshes.splice(0).map((mesh) => mesh.close()))
  })
  afterAll(() => broker.close())

  async function open(): Promise<KafkaMesh> {
    const mesh = await kafkaMesh({ brokers: readBrokers(broker.address), clock, partitions: 3 })
    meshes.push(mesh)
    return mesh
  }

  const faults: Readonly<Record<string, () => Promise<void>>> = {
    'is killed and started again': async () => {
      await broker.kill()
      await broker.restart()
    },
    'loses its connections, twice': async () => {
      broker.proxy.cut()
      await sleep(300)
      broker.proxy.cut()
    },
    'answers nobody for two seconds': async () => {
      broker.proxy.hold()
      await sleep(2_000)
      broker.proxy.release()
    },
  }

  test.each(Object.entries(faults))(
    'when it %s, nothing that it has acknowledged is lost, and nothing comes twice',
    async (name, fault) => {
      const [sender, receiver] = [await open(), await open()]
      const type = `t.${name.replaceAll(/\W/g, '-')}`
      const got: string[] = []
      await receiver.subscribe(type, async ({ id }) => void got.push(id), { group: type })
      await receiver.subscribe(`${type}.ask`, async ({ id }) => event('answer', `re-${id}`))
      const work = await sender.queue(type)
      const done: string[] = []
      await (await receiver.queue(type)).work(async ({ id }) => void done.push(id))
      const ids = Array.from({ length: 200 }, (_, i) => `e${i}`)
      let hurt: Promise<void> | null = null
      for (const [place, id] of ids.entries()) {
        if (place === 60) hurt = fault()
        await persist(() => sender.publish(event(type, id)))
        if (place % 10 === 0) {
          const ask = { ...event(`${type}.ask`, `q${id}`) }
          const reply = await persist(() => sender.request(ask, { timeoutMs: 3_000 }))
          expect(reply.id).toBe(`re-q${id}`)
          await persist(() => work.send(event(type, `w${id}`)))
        }
      }
      await hurt
      await vi.waitFor(() => expect(got.toSorted()).toEqual(ids.toSorted()), { timeout: 60_000 })
      const works = ids.filter((_, place) => place % 10 === 0).map((id) => `w${id}`)
      // A worker may get again what it could not acknowledge; nothing is missing.
      await vi.waitFor(() => expect([...new Set(done)].toSorted()).toEqual(works.toSorted()), {
        timeout: 60_000,
      })
    },
  )
})

/** Does it until it succeeds: whoever publishes keeps what was not accepted. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (thrown) {
      if (tries > 60 || !isOrchestrationError(thrown) || !thrown.retryable) throw thrown
      await sleep(100)
    }
  }
}
