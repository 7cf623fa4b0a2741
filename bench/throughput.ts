import { alternate } from './alternate.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { withEngine } from './bench-engine.ts'
import { floor } from './floor.ts'
import { type Load, runLoad } from './load.ts'
import { median } from './median.ts'

export interface ThroughputOptions {
  readonly workload: string
  readonly directory: string
  readonly load: Load
}

const stepsPerExecution = 5
const budgetMs = 7_000

/** Steps per second under a load. Each round has a new file on both sides, and its warm-up is not counted. */
export async function measureThroughput(options: ThroughputOptions): Promise<readonly BenchRow[]> {
  const { workload, directory, load } = options
  const { concurrency, executions } = load
  const warmUp = { ...load, executions: concurrency }
  const rounds = await alternate(
    async () => (await floor({ ...load, directory })).stepsPerSecond,
    () =>
      withEngine({ directory }, async ({ engine }) => {
        await runLoad(engine, warmUp)
        return (executions * stepsPerExecution * 1_000) / (await runLoad(engine, load))
      }),
    { budgetMs },
  )
  return [
    benchRow({
      workload,
      metric: 'stepsPerSecond',
      value: median(rounds.map(([, ours]) => ours)),
      unit: 'steps/s',
      floor: median(rounds.map(([bare]) => bare)),
    }),
  ]
}
