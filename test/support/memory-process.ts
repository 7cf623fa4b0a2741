// One life of a process whose agent counts in its memory: node memory-process.ts DB
// Killed by its agent after it has written and before it answers when KILL is set; prints what is counted.
import { defineAgent, openEngine } from '../../src/index.ts'

const [db = ''] = process.argv.slice(2)
const isKilled = process.env['KILL'] === 'yes'

const counter = defineAgent({
  type: 'counter',
  actions: {
    count: {
      effect: 'idempotent',
      run: async (_, { memory }) => {
        const n = Number((await memory.get('n'))?.value ?? 0) + 1
        memory.put('n', n)
        memory.put(`n${n}`, true)
        if (isKilled) process.kill(process.pid, 'SIGKILL')
        return n
      },
    },
  },
})

const engine = await openEngine({ db, agents: [counter] })
const steps = {
  a: { agent: 'counter', action: 'count' },
  b: { needs: ['a'], agent: 'counter', action: 'count' },
}
const run = await engine.executeWorkflow(
  'counts',
  { name: 'counts', version: '1.0.0', steps },
  { executionId: 'x' },
)
const entries = engine.memories.list({ owner: 'counter', namespace: 'default' }, { limit: 9 })
await engine.close()
const kept = Object.fromEntries(entries.map(({ key, value }) => [key, value]))
console.log(JSON.stringify({ output: run.output, kept }))
