import { parseArgs } from 'node:util'
import { loadServers } from './load.ts'

// npm run -s load:servers -- --executions 10000
const { values } = parseArgs({ options: { executions: { type: 'string', default: '500' } } })
const outcome = await loadServers(Number(values.executions), (line) => console.error(line))
console.log(JSON.stringify(outcome, null, 2))
