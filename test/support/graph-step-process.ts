// One life of a process that executes a workflow with a graph step: node graph-step-process.ts DB LOG
// Appends a line to LOG for whatever happens outside; prints how the execution ended as JSON.
import { appendFileSync } from 'node:fs'
import { openEngine } from '../../src/index.ts'
import { bookingAgents } from './booking-graph.ts'

const [db = '', log = ''] = process.argv.slice(2)
const killAt = process.env['KILL_AT'] ?? ''

function happens(what: string): void {
  appendFileSync(log, `${what}\n`)
  if (what === killAt) process.kill(process.pid, 'SIGKILL')
}

const agents = bookingAgents({ happens, leave: (node) => happens(`leave ${node}`) })
const engine = await openEngine({ db, agents })
const run = await engine.executeWorkflow(
  'books',
  { name: 'books', version: '1.0.0', steps: { book: { graph: 'booking' } } },
  { executionId: 'x' },
)
await engine.close()
console.log(JSON.stringify({ status: run.status, output: run.steps['book']?.output }))
