import { systemClock } from '../src/core/clock.ts'
import { ConsensusPattern, defineWorkflow } from '../src/index.ts'
import { execute, withEngine } from './bench-engine.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'

const agents = Array.from({ length: 10 }, (_, index) => `agent-${index}`)
const rounds = 300
const warmUps = 50

/** A fan-out to ten no-op agents. */
const fanOut = defineWorkflow({
  name: 'fan-out-of-ten',
  version: '1.0.0',
  steps: { fan: { pattern: 'fanOut', agents: agents.map(() => 'noop'), action: 'run' } },
})

const call = async (): Promise<object> => ({ choice: 'yes' })

/** W12: what a pattern of ten agents costs over `Promise.all` of the same calls. */
export async function measurePatternCost(directory: string): Promise<readonly BenchRow[]> {
  const consensus = new ConsensusPattern({ call })
  const bareMs = await p50(() => Promise.all(agents.map(call)))
  const memoryMs = await p50(() => consensus.reachConsensus(agents, {}))
  const durableMs = await withEngine({ directory }, ({ engine }) =>
    p50(() => execute(engine, fanOut)),
  )
  const unit = 'ms'
  return [
    benchRow({ workload: 'W12', metric: 'memoryOverheadMsP50', value: memoryMs - bareMs, unit }),
    benchRow({ workload: 'W12', metric: 'durableOverheadMsP50', value: durableMs - bareMs, unit }),
  ]
}

async function p50(run: () => Promise<unknown>): Promise<number> {
  for (let round = 0; round < warmUps; round++) await run()
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = systemClock.monotonicMs()
    await run()
    times.push(systemClock.monotonicMs() - startedMs)
  }
  return median(times)
}
