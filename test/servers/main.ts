import { parseArgs } from 'node:util'
import { loadServers } from './load.ts'
import { loadTemporal } from './temporal-load.ts'

// npm run -s load:servers -- --executions 10000 [--engine temporal]
const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '500' },
    engine: { type: 'string', default: 'embedded' },
  },
})
const load = values.engine === 'temporal' ? loadTemporal : loadServers
const outcome = await load(Number(values.executions), (line) => console.error(line))
console.log(JSON.stringify(outcome, null, 2))
