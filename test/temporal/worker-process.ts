import { appendFileSync } from 'node:fs'
import { defineAgent } from '../../src/index.ts'
import { openTemporalWorker } from '../../src/integrations/temporal/index.ts'

/** `ADDRESS QUEUE FILE hangs|answers`: a worker whose agent writes each call that reaches it into the file. */
const [address = '', taskQueue = '', file = '', manner = ''] = process.argv.slice(2)

function called(key: string): Promise<string> {
  appendFileSync(file, `${manner} ${key}\n`)
  return manner === 'answers' ? Promise.resolve(key) : new Promise(() => {})
}

const agent = defineAgent({
  type: 'worker',
  actions: {
    write: { effect: 'idempotent', run: (_, { idempotencyKey }) => called(idempotencyKey) },
    pay: { effect: 'once', run: (_, { idempotencyKey }) => called(idempotencyKey) },
  },
})

const worker = await openTemporalWorker({ address, taskQueue, agents: [agent] })
process.stdout.write('ready\n')
await worker.stopped
