import { defineAgent, defineLlmAgent, defineModel } from '../../src/agents/index.ts'
import { openEngine } from '../../src/engine/index.ts'
import { OutsideLog } from './outside-log.ts'

/** One life of a process whose LLM agent charges a card once: `DB LOG URL`. Prints the output. */
const [db = '', logPath = '', url = ''] = process.argv.slice(2)
const log = new OutsideLog(logPath)

const shop = defineAgent({
  type: 'shop',
  actions: {
    charge: {
      effect: 'once',
      run: async (_input, { idempotencyKey }) => {
        log.note('charged', idempotencyKey)
        return { paid: true }
      },
    },
  },
})
const clerk = defineLlmAgent({
  type: 'clerk',
  model: 'model',
  tools: { charge: { agent: 'shop', action: 'charge', description: 'Charges the card' } },
  actions: { serve: {} },
})
const model = defineModel({ type: 'model', model: { url, name: 'test' } })
const engine = await openEngine({ db, agents: [shop, clerk, model] })
const steps = { a: { agent: 'clerk', action: 'serve', with: { order: 1 } } } as const
const document = { name: 'sell', version: '1.0.0', steps }
const run = await engine.executeWorkflow('sell', document, { executionId: 'x' })
console.log(JSON.stringify({ status: run.status, output: run.steps['a']?.output }))
await engine.close()
