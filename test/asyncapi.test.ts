import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterEach, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { defineAgent } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { silentLogger as logger } from '../src/core/logger.ts'
import { openEngine } from '../src/engine/index.ts'
import type { IncomingRecord } from '../src/integrations/kafka/event-codec.ts'
import { kafkaMesh, kafkaStateTopic, readBrokers } from '../src/integrations/kafka/index.ts'
import { KafkaClient } from '../src/integrations/kafka/kafka-client.ts'
import { loadKafka } from '../src/integrations/kafka/load.ts'
import { LogReader } from '../src/integrations/kafka/log-reader.ts'
import { MeshTdaClient, tdaSchemaTexts } from '../src/tda/index.ts'
import { cleanUp, newFolder, startAura } from './cli-process.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 120_000 })
afterEach(cleanUp)

const folder = join(import.meta.dirname, '../schema')
const base = 'https://aura.example/schema/'
interface Channel {
  readonly address: string
  readonly messages: Readonly<Record<string, { readonly $ref: string }>>
}
const api = parse(readFileSync(join(folder, 'asyncapi.yaml'), 'utf8')) as {
  readonly channels: Readonly<Record<string, Channel>>
}
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema(api, `${base}asyncapi.yaml`)
for (const file of readdirSync(folder).filter((name) => /^(aura|tda)-/.test(name)))
  ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')) as object, `${base}${file}`)

/** What is wrong with a part of a message of the document; '' for nothing. */
function problems(ref: string, part: string, value: unknown): string {
  const check = ajv.compile({ $ref: `${base}asyncapi.yaml${ref}/${part}` })
  return check(value) ? '' : ajv.errorsText(check.errors)
}

/** The names of a channel's messages that a record satisfies, with the problems where it is none. */
function namesOf(address: string, record: IncomingRecord): readonly string[] {
  const channel = Object.values(api.channels).find((one) => one.address === address)
  const found = Object.entries(channel?.messages ?? {}).map(([name, { $ref }]) => {
    const value: unknown = record.value === null ? null : JSON.parse(record.value)
    const headers = Object.fromEntries(record.headers)
    const isKeyed = address === 'aura.state.v1'
    const wrong = [
      problems($ref, 'payload', value),
      problems($ref, 'headers', headers),
      isKeyed ? problems($ref, 'bindings/kafka/key', record.key) : '',
    ].filter((text) => text !== '')
    return wrong.length === 0 ? name : `no ${name}: ${wrong.join('; ')}`
  })
  const good = found.filter((name) => !name.startsWith('no '))
  return good.length === 0 ? found : good
}

test('every schema that the code makes, and the entry of a state, is a payload of the document', () => {
  expect(Object.values(api.channels).map(({ address }) => address)).toEqual([
    'tda.anomalies.v1',
    'tda.patterns.v1',
    'aura.results.v1',
    'aura.state.v1',
  ])
  const text = readFileSync(join(folder, 'asyncapi.yaml'), 'utf8')
  for (const name of [...Object.keys(tdaSchemaTexts()), 'aura-state'])
    expect(text).toContain(`./${name}.schema.json`)
})

await describeWithServices('records in the broker', ['kafka'], ({ kafka }) => {
  const brokers = readBrokers(kafka)
  const newClient = async (): Promise<KafkaClient> =>
    new KafkaClient(await loadKafka(), { brokers })

  /** Everything that is written to topics from now on. */
  async function listen(topics: readonly string[]) {
    const records: IncomingRecord[] = []
    const client = await newClient()
    const onRecord = (record: IncomingRecord): void => void records.push(record)
    const reader = new LogReader({ client, clock, logger, topics, onRecord })
    await reader.readAll('end')
    const close = async (): Promise<void> => {
      await reader.close()
      await client.close()
    }
    return { records, close }
  }

  test('what `aura tda watch --publish` tells is a message of the TDA topics', async () => {
    const mesh = await kafkaMesh({ brokers, clock })
    const { records, close } = await listen(['tda.anomalies.v1', 'tda.patterns.v1'])
    const cwd = newFolder()
    const points = Array.from({ length: 600 }, (_, i) => (i === 500 ? 99 : Math.sin(i / 4)))
    const lines = points.map((v, i) => `${new Date(i * 60_000).toISOString()},${v}`)
    writeFileSync(join(cwd, 'series.csv'), ['timestamp,value', ...lines, ''].join('\n'))
    const words = ['tda', 'watch', 'series.csv', '--publish', '--json']
    const watch = startAura(cwd, words, { KAFKA_BROKERS: kafka })
    await watch.prints(/"severity"/)
    const ours = (topic: string): readonly IncomingRecord[] =>
      records.filter((one) => one.topic === topic && one.value?.includes(cwd) === true)
    await vi.waitFor(
      () => {
        expect(ours('tda.anomalies.v1')).not.toEqual([])
        expect(ours('tda.patterns.v1')).not.toEqual([])
      },
      { timeout: 60_000, interval: 100 },
    )
    watch.kill('SIGINT')
    for (const record of ours('tda.anomalies.v1'))
      expect(namesOf('tda.anomalies.v1', record)).toEqual(['detected'])
    for (const record of ours('tda.patterns.v1'))
      expect(namesOf('tda.patterns.v1', record)).toEqual(['observed'])
    await close()
    await mesh.close()
  })

  test('an event of a TDA system in structured mode is heard, and is a message of the document', async () => {
    const source = `/tda/${randomUUID()}`
    const mesh = await kafkaMesh({ brokers, clock })
    const heard = Promise.withResolvers<unknown>()
    await mesh.subscribe('tda.patterns.observed', (event) => {
      if (event.source === source) heard.resolve(event.data)
      return Promise.resolve()
    })
    const { records, close } = await listen(['tda.patterns.v1'])
    const data = {
      windowId: 'w-1',
      source,
      column: null,
      t0Ms: 0,
      t1Ms: 1_000,
      kind: 'periodic',
      confidence: 0.75,
      diagram: [],
      features: {},
      correlationId: null,
    }
    const event = {
      specversion: '1.0',
      id: 'w-1',
      source,
      type: 'tda.patterns.observed',
      time: '2026-01-01T00:00:00Z',
      data,
    }
    const client = await newClient()
    const producer = client.producer()
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
    const value = JSON.stringify(event)
    await producer.send({ messages: [{ topic: 'tda.patterns.v1', key: source, value, headers }] })
    expect(await heard.promise).toEqual(data)
    await vi.waitFor(() => expect(records.some(({ key }) => key === source)).toBe(true), 60_000)
    const [record] = records.filter(({ key }) => key === source)
    expect(record && namesOf('tda.patterns.v1', record)).toEqual(['observedStructured'])
    await producer.close()
    await client.close()
    await close()
    await mesh.close()
  })

  test('what became of executions, what was undone, and their state are messages of the document', async () => {
    const prefix = `t${randomUUID()}`
    const executionId = randomUUID()
    const mesh = await kafkaMesh({ brokers, clock })
    const topic = await kafkaStateTopic({ brokers, clock, prefix, partitions: 1 })
    const { records, close } = await listen(['aura.results.v1', topic.topic])
    const counter = defineAgent({
      type: 'counter',
      actions: {
        add: {
          effect: 'idempotent',
          run: (_, ctx) => {
            ctx.state.set('sum', 1)
            ctx.state.set('gone', 'soon')
          },
        },
        undo: { effect: 'idempotent', run: (_, ctx) => ctx.state.delete('gone') },
        fail: {
          effect: 'read',
          run() {
            throw Object.assign(new Error('no'), { retryable: false })
          },
        },
      },
    })
    const engine = await openEngine({ agents: [counter], mesh: () => mesh, mirrors: [topic] })
    const document = {
      name: 'undone',
      version: '1.0.0',
      onFailure: 'compensate',
      steps: {
        a: { agent: 'counter', action: 'add', compensate: { agent: 'counter', action: 'undo' } },
        b: { needs: ['a'], agent: 'counter', action: 'fail' },
      },
    } as const
    const { status, output, error } = await engine.executeWorkflow('undone', document, {
      executionId,
    })
    expect(status).toBe('failed')
    const tda = await MeshTdaClient.open({ mesh, clock, logger })
    const correlationId = executionId
    const workflow = 'undone'
    await tda.sendResult({
      correlationId,
      executionId,
      workflow,
      status: 'failed',
      output,
      error: error === null ? null : { ...error },
    })
    const ours = (): readonly IncomingRecord[] =>
      records.filter(({ key, headers }) =>
        `${key} ${headers.get('ce_source')}`.includes(executionId),
      )
    const names = (): readonly string[] =>
      ours().flatMap((record) =>
        namesOf(record.topic === topic.topic ? 'aura.state.v1' : record.topic, record),
      )
    await vi.waitFor(
      () =>
        expect([...new Set(names())].toSorted()).toEqual([
          'compensated',
          'entry',
          'forgotten',
          'recorded',
        ]),
      { timeout: 60_000, interval: 100 },
    )
    expect(
      ours().some(({ value }) => value?.includes('"key":"gone"') && !value.includes('"value"')),
    ).toBe(true)
    await tda.close()
    await engine.close()
    await mesh.close()
    await close()
  })

  test('a record that is none of the messages is told apart', () => {
    const record: IncomingRecord = {
      topic: 'aura.state.v1',
      partition: 0,
      offset: 0n,
      timestampMs: 0,
      key: 'x',
      value: '{"workflowId":"w","key":"k","revision":1,"version":0}',
      headers: new Map([['content-type', 'text/plain']]),
    }
    const [entry = '', forgotten = ''] = namesOf('aura.state.v1', record)
    expect(entry).toMatch(/^no entry: .*version must be >= 1.*equal to constant.*pattern/s)
    expect(forgotten).toMatch(/^no forgotten: data must be null/)
  })
})
