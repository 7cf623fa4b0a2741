import { writeSync } from 'node:fs'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { seededRandom } from '../../src/core/random.ts'
import { openEngine } from '../../src/engine/index.ts'
import { startControlServer } from '../../src/server/index.ts'
import { featureAgents } from './feature-agents.ts'
import { OutsideLog } from './outside-log.ts'

/** An owner with a server that works all the time; says its port, and notes what was accepted and ended. */
const [db = '', logPath = ''] = process.argv.slice(2)
const log = new OutsideLog(logPath)
const random = seededRandom(3)

const engine = await openEngine({
  db,
  agents: featureAgents({ log, random, failShare: 0, momentMsMax: 4 }),
})
const server = await startControlServer({
  engine,
  token: 'secret',
  list: () => [],
  metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
  logger: silentLogger,
  clock: systemClock,
  kind: 'serve',
})
writeSync(1, `${server.port}\n`)

const text = 'x'.repeat(50_000)
const document = {
  name: 'busy',
  version: '1.0.0',
  steps: {
    a: { agent: 'outside', action: 'write', with: { text: '${ input.text }' } },
    b: { needs: ['a'], agent: 'outside', action: 'pay' },
  },
} as const
for (let n = 0; ; n++) {
  const executionId = `busy-${n}`
  await engine.startWorkflow('busy', document, { executionId, input: { text: `${n}${text}` } })
  log.note('accepted', executionId)
  const { status } = await engine.continueWorkflow(executionId)
  log.note('ended', executionId, status)
}
