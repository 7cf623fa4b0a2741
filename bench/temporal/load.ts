// Many executions of five steps at once on our Temporal engine: all accounted for, and what Temporal keeps of them.
//
//   npm run -s load:temporal -- --executions 1000 [--json]     (by hand: a thousand take minutes)
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/core/clock.ts'
import { median } from '../median.ts'
import { openOurs } from './ours.ts'

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})
const count = Number(values.executions)
const steps = 5
/** Of how many the history is looked at. */
const sampled = 20
const side = await openOurs(
  process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233',
  `load-${process.pid}`,
)
const startMs = systemClock.monotonicMs()
const ended = await Promise.allSettled(Array.from({ length: count }, (_, n) => side.execute({ n })))
const tookMs = systemClock.monotonicMs() - startMs
const right = ended.filter(
  (one, n) => one.status === 'fulfilled' && one.value.n === n + steps,
).length
const ids = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
const faults = ended.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
const every = Math.max(1, Math.floor(ids.length / sampled))
const histories = await Promise.all(
  ids.filter((_, place) => place % every === 0).map((id) => side.history(id)),
)
await side.close()
const result = {
  executions: count,
  right,
  distinctIds: new Set(ids).size,
  faults: [...new Set(faults)].slice(0, 5),
  seconds: tookMs / 1_000,
  executionsPerSecond: (right * 1_000) / tookMs,
  eventsPerStep: median(histories.map(({ events }) => events / steps)),
  bytesPerStep: median(histories.map(({ bytes }) => bytes / steps)),
  residentMb: process.memoryUsage().rss / 2 ** 20,
}
console.log(values.json ? JSON.stringify(result) : result)
if (right !== count) process.exitCode = 1
