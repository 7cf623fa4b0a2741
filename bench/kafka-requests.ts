// Request and reply over the Kafka mesh against the same round trip with the bare client, turn by turn in one run;
// then what one step of a workflow costs the broker, as more and more have finished.
//
//   npm run -s bench:kafka [-- --json]        (npm run services:up kafka; KAFKA_BROKERS says where else)
import { Consumer, Producer, stringSerializers } from '@platformatic/kafka'
import { systemClock as clock } from '../src/core/clock.ts'
import { kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { KafkaClient } from '../src/integrations/kafka/kafka-client.ts'
import { loadKafka } from '../src/integrations/kafka/load.ts'
import { ensureTopics, eventTopic } from '../src/integrations/kafka/topics.ts'
import { measureStepMessages } from './kafka-steps.ts'
import { percentile } from './percentile.ts'

const rounds = 6
const asksPerRound = 150
const warmUp = 50
const brokers = readBrokers(process.env['KAFKA_BROKERS'] ?? '127.0.0.1:9092')
const name = `bench${process.pid}`

type Ask = (n: number) => Promise<void>

/** Two topics, a consumer and a producer on each side, and nothing else. */
async function openBare(): Promise<{ readonly ask: Ask; close(): Promise<void> }> {
  const [requests, replies] = [`${name}.bare-requests`, `${name}.bare-replies`]
  const client = new KafkaClient(await loadKafka(), { brokers })
  const plans = [requests, replies].map((topic) => eventTopic(topic, 1))
  await ensureTopics(client, plans, { create: true, replicas: -1 })
  const base = { clientId: name, bootstrapBrokers: [...brokers] }
  const reading = { autocommit: false, mode: 'earliest' } as const
  const producers = [0, 1].map(
    () =>
      new Producer({
        ...base,
        acks: -1,
        idempotent: true,
        retryDelay: 100,
        serializers: stringSerializers,
      }),
  )
  const [asking, answering] = producers as [
    Producer<string, string, string, string>,
    Producer<string, string, string, string>,
  ]
  const consumers = ['a', 'b'].map((side) => new Consumer({ ...base, groupId: `${name}.${side}` }))
  const [here, there] = consumers as [Consumer, Consumer]
  const served = await there.consume({ ...reading, topics: [requests] })
  const answered = await here.consume({ ...reading, topics: [replies] })
  const waiting = new Map<string, () => void>()
  served.on('data', ({ key, value }) => {
    void answering.send({ messages: [{ topic: replies, key: String(key), value: String(value) }] })
  })
  answered.on('data', ({ key }) => waiting.get(String(key))?.())
  return {
    ask: (n) =>
      new Promise((resolve, reject) => {
        waiting.set(String(n), resolve)
        const message = { topic: requests, key: String(n), value: JSON.stringify({ n }) }
        asking.send({ messages: [message] }).catch(reject)
      }),
    async close() {
      await Promise.all([served.close(), answered.close()])
      await Promise.all([...consumers, ...producers].map((one) => one.close(true)))
    },
  }
}

async function openMesh(): Promise<{
  readonly ask: Ask
  written(): number
  close(): Promise<void>
}> {
  const options = { brokers, clock, prefix: name, routes: [], partitions: 1 }
  const [here, there] = [await kafkaMesh(options), await kafkaMesh(options)]
  const none = { source: 'bench', time: null, subject: null }
  await there.subscribe('ask', async ({ id, data }) => ({ id, type: 'answer', ...none, data }))
  return {
    ask: async (n) => {
      await here.request(
        { id: String(n), type: 'ask', ...none, data: { n } },
        { timeoutMs: 10_000 },
      )
    },
    written: () => here.written + there.written,
    async close() {
      await Promise.all([here.close(), there.close()])
    },
  }
}

let asked = 0
async function timed(ask: Ask, times: number): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const startedMs = performance.now()
    await ask(asked++)
    took.push(performance.now() - startedMs)
  }
  return took
}

const [bare, mesh] = [await openBare(), await openMesh()]
await timed(bare.ask, warmUp)
await timed(mesh.ask, warmUp)
const times = { bare: [] as number[], mesh: [] as number[] }
const before = mesh.written()
for (let round = 0; round < rounds; round++) {
  times.bare.push(...(await timed(bare.ask, asksPerRound)))
  times.mesh.push(...(await timed(mesh.ask, asksPerRound)))
}
const messages = (mesh.written() - before) / times.mesh.length
await Promise.all([bare.close(), mesh.close()])
const perStep = await measureStepMessages(brokers, `${name}s`)
const of = (values: number[], share: number): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    share,
  )
const [p50, floor] = [of(times.mesh, 0.5), of(times.bare, 0.5)]
const result = {
  requestMsP50: p50,
  bareMsP50: floor,
  ratio: p50 / floor,
  requestMsP99: of(times.mesh, 0.99),
  bareMsP99: of(times.bare, 0.99),
  messagesPerRequest: messages,
  requests: times.mesh.length,
  ...perStep,
}
console.log(process.argv.includes('--json') ? JSON.stringify(result) : result)
