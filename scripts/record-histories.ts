// Records Temporal histories of executions of different shapes, against which every change of the kernel is replayed.
//
//   npm run histories        (npm run services:up temporal; TEMPORAL_ADDRESS says where else)
//
// Writes test/fixtures/temporal-histories/*.json. Record anew only where an execution of an old history is allowed
// to break: see CONTRIBUTING.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { connect } from '../src/integrations/temporal/connect.ts'
import { openTemporalEngine } from '../src/integrations/temporal/index.ts'
import { expectPolicy } from '../src/semantic/index.ts'
import { unavailableTda } from '../src/core/contracts/tda.ts'
import { withoutPlace } from './record-histories/without-place.ts'
import { agents, policyText, shapes } from './record-histories/shapes.ts'

const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233'
const folder = new URL('../test/fixtures/temporal-histories/', import.meta.url)
const tda = { ...unavailableTda, available: true, anomalySeverity: 0.9, windowId: 'w1' }
const engine = await openTemporalEngine({
  address,
  taskQueue: `record-histories-${process.pid}`,
  agents: agents(),
  policy: expectPolicy({ text: policyText }),
  tda: { current: () => tda, onChange: () => () => {} },
})
const { client, connection } = await connect({ address })
mkdirSync(folder, { recursive: true })
for (const [name, { document, input = {}, steer }] of Object.entries(shapes)) {
  const id = await engine.startWorkflow(name, document, { input })
  await steer?.(engine, id)
  const { status } = await engine.continueWorkflow(id)
  const history = await client.workflow.getHandle(id).fetchHistory()
  const text = withoutPlace(JSON.parse(historyToJSON(history)))
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(text)}\n`)
  console.log(`${name}: ${status}, ${history.events?.length} events`)
}
await Promise.all([engine.close(), connection.close()])
