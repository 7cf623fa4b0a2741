import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { KafkaClient } from '../src/integrations/kafka/kafka-client.ts'
import { type KafkaMesh, kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { loadKafka } from '../src/integrations/kafka/load.ts'
import { ensureTopics, fleetingTopic } from '../src/integrations/kafka/topics.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 120_000 })

const beatMs = 300_000

/** The computer's clock, but for beats, which the test lets happen. */
class BeatClock implements Clock {
  #next: (() => void) | null = null
  #armed: () => void = () => {}

  nowMs = systemClock.nowMs
  monotonicMs = systemClock.monotonicMs
  atTurnEnd = systemClock.atTurnEnd

  after(delayMs: number, fire: () => void): () => void {
    if (delayMs !== beatMs) return systemClock.after(delayMs, fire)
    this.#next = fire
    this.#armed()
    return () => (this.#next = null)
  }

  /** One beat; resolves when the next one is awaited. */
  async beat(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#armed = resolve
    this.#next?.()
    await promise
  }
}

await describeWithServices('topics of replies', ['kafka'], ({ kafka }) => {
  const brokers = readBrokers(kafka)

  test('those of processes that are gone are removed, those of others stay, and one that was only paused goes on', async () => {
    const prefix = `t${randomUUID()}`
    const client = new KafkaClient(await loadKafka(), { brokers })
    onTestFinished(() => client.close())
    const left = async (): Promise<readonly string[]> => {
      const all = await client.withAdmin('look', (admin) => admin.listTopics())
      return all.filter((topic) => topic.startsWith(`${prefix}.replies.`)).toSorted()
    }
    const open = async () => {
      const clock = new BeatClock()
      const mesh = await kafkaMesh({ brokers, clock, prefix, routes: [], partitions: 1 })
      onTestFinished(() => mesh.close())
      const topics = await left()
      await ask(mesh)
      const [own = ''] = (await left()).filter((topic) => !topics.includes(topic))
      return { clock, mesh, own }
    }
    const server = await kafkaMesh({
      brokers,
      clock: systemClock,
      prefix,
      routes: [],
      partitions: 1,
    })
    onTestFinished(() => server.close())
    await server.subscribe('ask', async ({ id, data }) => ({ ...plain, id, type: 'answer', data }))
    const [sweeper, idle, paused] = [await open(), await open(), await open()]
    const orphan = `${prefix}.replies.gone`
    const plans = [fleetingTopic(orphan, 600_000)]
    await ensureTopics(client, plans, { create: true, replicas: -1 })
    for (let beats = 0; beats < 3; beats++) {
      await idle.clock.beat()
      await sweeper.clock.beat()
    }
    expect(await left()).toEqual([sweeper.own, idle.own, paused.own, orphan].toSorted())
    await idle.clock.beat()
    await sweeper.clock.beat()
    await vi.waitFor(async () => expect(await left()).toEqual([sweeper.own, idle.own].toSorted()), {
      timeout: 30_000,
      interval: 100,
    })
    for (const { mesh } of [sweeper, idle]) expect(await ask(mesh)).toBe('asked')
    await paused.clock.beat()
    expect(await left()).toContain(paused.own)
    expect(await ask(paused.mesh)).toBe('asked')
  })
})

const plain = { source: 'test', time: null, subject: null }

async function ask(mesh: KafkaMesh): Promise<unknown> {
  const event = { ...plain, id: randomUUID(), type: 'ask', data: 'asked' }
  return (await mesh.request(event, { timeoutMs: 30_000 })).data
}
