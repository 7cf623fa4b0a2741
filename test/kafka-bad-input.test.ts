import { Producer } from '@platformatic/kafka'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock as clock } from '../src/core/clock.ts'
import { limits } from '../src/core/limits.ts'
import {
  kafkaMesh,
  type KafkaMeshOptions,
  probeKafka,
  readBrokers,
} from '../src/integrations/kafka/index.ts'
import { KafkaClient } from '../src/integrations/kafka/kafka-client.ts'
import { loadKafka } from '../src/integrations/kafka/load.ts'
import { LogReader } from '../src/integrations/kafka/log-reader.ts'
import type { IncomingRecord } from '../src/integrations/kafka/event-codec.ts'
import { silentLogger as logger } from '../src/core/logger.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 30_000 })
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

test.each(['', 'kafka://h:9092', 'h', 'h:0', 'h:99999', 'h:9092,,:1', 'a b:1'])(
  "'%s' is refused as the address of brokers",
  (text) => {
    expect(() => readBrokers(text)).toThrow('host:port, without a scheme')
  },
)

test('addresses are hosts with ports, parted by commas', () => {
  expect(readBrokers(' a:1, b.c-d:65535 ,[::1]:9092')).toEqual(['a:1', 'b.c-d:65535', '[::1]:9092'])
})

test('without the package it is said what to install', async () => {
  const absent = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(loadKafka(() => Promise.reject(absent))).rejects.toMatchObject({
    code: 'UsageError',
    hint: 'npm install @platformatic/kafka@2.12.1',
  })
})

test('an address where nobody answers is named, with what to look at', async () => {
  const error = { code: 'AgentCommunicationError', message: expect.stringContaining('127.0.0.1:1') }
  await expect(probeKafka('127.0.0.1:1', clock)).rejects.toMatchObject(error)
  await expect(kafkaMesh({ brokers: ['127.0.0.1:1'], clock })).rejects.toMatchObject(error)
})

await describeWithServices('what Kafka brings', ['kafka'], ({ kafka }) => {
  const brokers = readBrokers(kafka)
  const prefix = `bad${process.pid}`

  async function open(more: Partial<KafkaMeshOptions> = {}) {
    const mesh = await kafkaMesh({ brokers, clock, prefix, partitions: 1, routes: [], ...more })
    closers.push(() => mesh.close())
    return mesh
  }

  test('topics that are missing and not to be made are named', async () => {
    await expect(open({ prefix: 'nowhere', createTopics: false })).rejects.toMatchObject({
      code: 'NotFoundError',
      message: expect.stringContaining("'nowhere.events.v1', 'nowhere.dead-letters.v1'"),
    })
  })

  test('messages that are no events go to the dead letters as they were, and those behind them are handled', async () => {
    const mesh = await open()
    const got: string[] = []
    await mesh.subscribe('*', async ({ id }) => void got.push(id))
    const dead: IncomingRecord[] = []
    const client = new KafkaClient(await loadKafka(), { brokers })
    const topics = [`${prefix}.dead-letters.v1`]
    const reader = new LogReader({
      client,
      clock,
      logger,
      topics,
      onRecord: (one) => void dead.push(one),
    })
    closers.push(
      () => reader.close(),
      () => client.close(),
    )
    await reader.readAll('end')
    const foreign = new Producer({ clientId: 'foreign', bootstrapBrokers: [...brokers] })
    closers.push(() => foreign.close())
    const topic = `${prefix}.events.v1`
    const bytes = (text: string) => Buffer.from(text)
    const headers = (pairs: Record<string, string>) =>
      new Map(Object.entries(pairs).map(([name, value]) => [bytes(name), bytes(value)]))
    const ce = { ce_id: '1', ce_source: 's', ce_type: 't', ce_specversion: '1.0' }
    await foreign.send({
      acks: -1,
      messages: [
        { topic, value: bytes('plain text'), headers: headers({ 'x-mine': 'kept' }) },
        { topic, value: bytes('{"half":'), headers: headers(ce) },
        { topic, value: bytes('{}'), headers: headers({ ...ce, ce_specversion: '0.3' }) },
        { topic, value: bytes('<a/>'), headers: headers({ ...ce, 'content-type': 'text/xml' }) },
        {
          topic,
          value: bytes(
            JSON.stringify({ specversion: '1.0', id: 'structured', source: 's', type: 't' }),
          ),
          headers: headers({ 'content-type': 'application/cloudevents+json; charset=utf-8' }),
        },
      ],
    })
    await mesh.publish({ id: 'ours', source: 's', type: 't', time: null, subject: null, data: 1 })
    await vi.waitFor(() => expect(got).toEqual(['structured', 'ours']), { timeout: 10_000 })
    await vi.waitFor(() => expect(dead).toHaveLength(4), { timeout: 10_000 })
    const [first] = dead
    expect(first?.value).toBe('plain text')
    const { headers: kept } = first as IncomingRecord
    expect([kept.get('x-mine'), kept.get('aura-dlq-topic'), kept.get('aura-dlq-code')]).toEqual([
      'kept',
      topic,
      'InputError',
    ])
    expect(kept.get('aura-dlq-reason')).toContain('no CloudEvent')
  })

  test('a message that is too large is refused before it is sent, the largest one goes through', async () => {
    const mesh = await open()
    const got: number[] = []
    await mesh.subscribe('big', async ({ data }) => void got.push(JSON.stringify(data).length - 2))
    const none = { source: 's', type: 'big', time: null, subject: null }
    const largest = 'x'.repeat(limits.payloadBytesMax - 2)
    await mesh.publish({ id: 'fits', ...none, data: largest })
    await vi.waitFor(() => expect(got).toEqual([largest.length]), { timeout: 10_000 })
    await expect(mesh.publish({ id: 'over', ...none, data: `${largest}x` })).rejects.toMatchObject({
      code: 'ResourceExhaustionError',
    })
  })
})
