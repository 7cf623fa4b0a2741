// One life of a process that executes a workflow with a graph step: node graph-step-process.ts DB LOG
// Appends a line to LOG for whatever happens outside; prints how the execution ended as JSON.
import { appendFileSync } from 'node:fs'
import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import type { LangGraphRunnableConfig } from '@langchain/langgraph'
import { defineAgent, openEngine } from '../../src/index.ts'
import { callAgent, defineGraph } from '../../src/integrations/langgraph/index.ts'

const [db = '', log = ''] = process.argv.slice(2)
const killAt = process.env['KILL_AT'] ?? ''

function happens(what: string): void {
  appendFileSync(log, `${what}\n`)
  if (what === killAt) process.kill(process.pid, 'SIGKILL')
}

const ledger = defineAgent({
  type: 'ledger',
  actions: {
    book: {
      effect: 'once',
      run: (_, { idempotencyKey }) => {
        happens(`book ${idempotencyKey}`)
        return idempotencyKey
      },
      lookup: async () => undefined,
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
    happens(`leave ${name}`)
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

const engine = await openEngine({ db, agents: [ledger, defineGraph({ name: 'booking', graph })] })
const run = await engine.executeWorkflow(
  'books',
  { name: 'books', version: '1.0.0', steps: { book: { graph: 'booking' } } },
  { executionId: 'x' },
)
await engine.close()
console.log(JSON.stringify({ status: run.status, output: run.steps['book']?.output }))
