import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { openEngine } from '../../src/engine/index.ts'
import { storeMirror } from '../../src/state/index.ts'
import { kafkaMesh, kafkaStateTopic, readBrokers } from '../../src/integrations/kafka/index.ts'
import { openRedis, RedisStateStore } from '../../src/integrations/redis/index.ts'
import { systemClock as clock } from '../../src/core/clock.ts'
import { callers, order } from './order.ts'

/**
 * The owner of the file, which the load kills: starts executions `order-0`, `order-1`, … under ids of their own,
 * so that a second life goes on with what the first one has begun; says `ended <n>` from time to time, and at the
 * end `all <json>` with the status of all of them.
 */
/** What has not ended by then, in a life, is counted as what it is. */
const patienceMs = 120_000
const patienceMsEach = 100

const [db, count] = process.argv.slice(2) as [string, string]
const url = process.env['REDIS_URL'] ?? ''
const brokers = readBrokers(process.env['KAFKA_BROKERS'] ?? '')

const { connection, close } = await openRedis({ url, clock })
const store = new RedisStateStore({ connection, cachedEntriesMax: 0 })
const mesh = await kafkaMesh({ brokers, clock })
const topic = await kafkaStateTopic({ brokers, clock })
const engine = await openEngine({
  db,
  agents: callers,
  mesh: () => mesh,
  mirrors: [{ ...storeMirror(store), close }, topic],
})
engine.recoverAll()
let ended = 0
const ids = Array.from({ length: Number(count) }, (_, n) => `order-${n}`)
const runs = ids.map(async (executionId, n) => {
  await engine.executeWorkflow('order', order, { executionId, input: { n } })
  if (++ended % 10 === 0) writeSync(1, `ended ${ended}\n`)
})
await Promise.race([Promise.all(runs), pause(patienceMs + patienceMsEach * ids.length)])
const statuses: Record<string, number> = {}
for (const id of ids) {
  const { status } = await engine.getExecution(id)
  statuses[status] = (statuses[status] ?? 0) + 1
}
const letters = await engine.deadLetters({ limit: ids.length })
const why = letters.map(({ executionId, error }) => ({ executionId, error: error.message }))
await engine.close()
writeSync(1, `all ${JSON.stringify({ statuses, letters: why })}\n`)
process.exit(0)
