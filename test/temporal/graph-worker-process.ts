import { appendFileSync } from 'node:fs'
import { openRedis, RedisRecordStore } from '../../src/integrations/redis/index.ts'
import { openTemporalWorker } from '../../src/integrations/temporal/index.ts'
import { bookingAgents } from '../support/booking-graph.ts'

/**
 * `ADDRESS QUEUE FILE hangs|answers`, with REDIS_URL: a worker that runs the graph `booking`, whose node `second`
 * never ends where it hangs. Whatever happens is written into the file.
 */
const [address = '', taskQueue = '', file = '', manner = ''] = process.argv.slice(2)

const { connection } = await openRedis({ url: process.env['REDIS_URL'] ?? '' })
const worker = await openTemporalWorker({
  address,
  taskQueue,
  agents: bookingAgents({
    happens: (what) => appendFileSync(file, `${manner} ${what}\n`),
    leave: (node) =>
      node === 'second' && manner === 'hangs' ? new Promise(() => {}) : Promise.resolve(),
  }),
  threads: new RedisRecordStore({ connection, prefix: `${taskQueue}:` }),
})
process.stdout.write('ready\n')
await worker.stopped
