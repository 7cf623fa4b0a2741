// One life of a process that runs a graph as a call: node graph-process.ts DB LOG [RESUME]
// Appends a line to LOG for whatever happens outside; prints the outcome as JSON.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import type { LangGraphRunnableConfig } from '@langchain/langgraph'
import { callAgent, openCheckpointSaver, runGraph } from '../../src/integrations/langgraph/index.ts'
import type { CallAgent } from '../../src/integrations/langgraph/index.ts'

const [db = '', log = '', resume] = process.argv.slice(2)
const killAt = process.env['KILL_AT'] ?? ''

function happens(what: string): void {
  appendFileSync(log, `${what}\n`)
  if (what === killAt) process.kill(process.pid, 'SIGKILL')
}

/** Whoever hosts a run answers a key that has an answer with it; here the answers are lines of the log. */
const call: CallAgent = (asked) => {
  const happened = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []
  const output = { booked: asked.input }
  if (!happened.includes(`call ${asked.key}`)) happens(`call ${asked.key}`)
  return Promise.resolve({ kind: 'completed', output })
}

const state = Annotation.Root({
  amount: Annotation<number>,
  trail: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})

function node(name: string) {
  return async ({ amount }: { amount: number }, config: LangGraphRunnableConfig) => {
    happens(`enter ${name}`)
    for (const part of ['a', 'b'])
      await callAgent(config, { agent: 'ledger', action: 'book', input: `${name}${part}${amount}` })
    happens(`leave ${name}`)
    return { trail: [name] }
  }
}

const graph = new StateGraph(state)
  .addNode('first', node('first'))
  .addNode('left', node('left'))
  .addNode('ask', () => ({ trail: [`said ${interrupt({ signal: 'approval' })}`] }))
  .addNode('last', node('last'))
  .addEdge(START, 'first')
  .addEdge('first', 'left')
  .addEdge('left', 'ask')
  .addEdge('ask', 'last')
  .addEdge('last', END)
  .compile()

const opened = await openCheckpointSaver({ db })
const resumed = resume === undefined ? null : (JSON.parse(resume) as never)
const key = 'exec-1/book/1'
const outcome = await runGraph({
  graph,
  key,
  input: { amount: 5 },
  saver: opened.saver,
  call,
  resumed,
})
opened.close()
console.log(JSON.stringify(outcome))
