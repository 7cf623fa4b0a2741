import { appendFileSync } from 'node:fs'
import {
  Annotation,
  END,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { defineAgent } from '../../src/index.ts'
import { callAgent, defineGraph } from '../../src/integrations/langgraph/index.ts'
import { openRedis, RedisRecordStore } from '../../src/integrations/redis/index.ts'
import { openTemporalWorker } from '../../src/integrations/temporal/index.ts'

/**
 * `ADDRESS QUEUE FILE hangs|answers`, with REDIS_URL: a worker that runs the graph `booking`, whose node `second`
 * makes no step where it hangs. Whatever happens is written into the file.
 */
const [address = '', taskQueue = '', file = '', manner = ''] = process.argv.slice(2)

const happens = (what: string): void => appendFileSync(file, `${manner} ${what}\n`)

const ledger = defineAgent({
  type: 'ledger',
  actions: {
    book: {
      effect: 'once',
      run: (_, { idempotencyKey }) => {
        happens(`book ${idempotencyKey}`)
        return idempotencyKey
      },
    },
  },
})

const state = Annotation.Root({
  trail: Annotation<unknown[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})

function node(name: string) {
  return async (_: unknown, config: LangGraphRunnableConfig) => {
    happens(`enter ${name}`)
    const booked = await callAgent(config, { agent: 'ledger', action: 'book', input: {} })
    if (name === 'second' && manner === 'hangs') await new Promise(() => {})
    return { trail: [booked] }
  }
}

const graph = new StateGraph(state)
  .addNode('first', node('first'))
  .addNode('second', node('second'))
  .addEdge(START, 'first')
  .addEdge('first', 'second')
  .addEdge('second', END)
  .compile()

const { connection } = await openRedis({ url: process.env['REDIS_URL'] ?? '' })
const worker = await openTemporalWorker({
  address,
  taskQueue,
  agents: [ledger, defineGraph({ name: 'booking', graph })],
  threads: new RedisRecordStore({ connection, prefix: `${taskQueue}:` }),
})
process.stdout.write('ready\n')
await worker.stopped
