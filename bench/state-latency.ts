import { systemClock } from '../src/core/clock.ts'
import { defineAgent, defineWorkflow } from '../src/index.ts'
import { alternate } from './alternate.ts'
import { withEngine } from './bench-engine.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { percentile } from './percentile.ts'
import { stateFloor } from './state-floor.ts'

export interface StateLoad {
  readonly directory: string
  readonly clients: number
  /** Writes, and as many reads, of each client. */
  readonly turns: number
}

/** What every single operation took, in milliseconds. */
export interface StateLatency {
  readonly setMs: number[]
  readonly getMs: number[]
}

const budgetMs = 5_000
/** Until the code is compiled and the heap has grown to the load. */
const warmUpTurns = 400

const holding = defineWorkflow({
  name: 'holding',
  version: '1.0.0',
  steps: { hold: { agent: 'holder', action: 'hold' } },
})

/**
 * W6: the state of a running execution under 64 clients, each of which in a closed loop writes a key of its
 * own and reads it back.
 */
export async function measureState(directory: string): Promise<readonly BenchRow[]> {
  const load: StateLoad = { directory, clients: 64, turns: 600 }
  const rounds = await alternate(
    () => stateFloor(load),
    () => stateOfEngine(load),
    { budgetMs },
  )
  const row = (metric: string, of: (latency: StateLatency) => readonly number[]): BenchRow =>
    benchRow({
      workload: 'W6',
      metric,
      value: median(rounds.map(([, ours]) => percentile(of(ours), 0.99))),
      unit: 'ms',
      floor: median(rounds.map(([bare]) => percentile(of(bare), 0.99))),
    })
  return [row('stateGetMsP99', ({ getMs }) => getMs), row('stateSetMsP99', ({ setMs }) => setMs)]
}

/** The same load on an engine over a new file. */
function stateOfEngine({ directory, clients, turns }: StateLoad): Promise<StateLatency> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const agent = defineAgent({
    type: 'holder',
    description: 'Answers when it is let go',
    actions: { hold: { effect: 'idempotent', run: () => released.then(() => null) } },
  })
  return withEngine({ directory, agent }, async ({ engine }) => {
    const id = await engine.startWorkflow(holding.name, holding)
    const latency: StateLatency = { setMs: [], getMs: [] }
    const client = async (key: string, count: number, into: StateLatency): Promise<void> => {
      for (let turn = 0; turn < count; turn++) {
        const startedMs = systemClock.monotonicMs()
        await engine.setState(id, key, { client: key, turn })
        const writtenMs = systemClock.monotonicMs()
        await engine.getState(id, key)
        into.setMs.push(writtenMs - startedMs)
        into.getMs.push(systemClock.monotonicMs() - writtenMs)
      }
    }
    const keys = Array.from({ length: clients }, (_, n) => `client_${n}`)
    const warming: StateLatency = { setMs: [], getMs: [] }
    await Promise.all(keys.map((key) => client(key, warmUpTurns, warming)))
    await Promise.all(keys.map((key) => client(key, turns, latency)))
    release()
    return latency
  })
}
