import { createTelemetry } from '../src/observability/index.ts'
import { alternate } from './alternate.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { withEngine } from './bench-engine.ts'
import { type Load, runLoad } from './load.ts'
import { median } from './median.ts'

// Short, so that there are hundreds of pairs: with 1,000 at once the same engine twice differed by 5 %.
const batch: Load = { mode: 'atOnce', concurrency: 100, executions: 100 }
const warmUps = 50
const budgetMs = 8_000

/**
 * How much longer W1 at once takes with metrics, no tracer being registered, than with nothing told to: in percent,
 * the median of pairs of short neighbouring runs on two engines that are open beside each other.
 */
export function measureTelemetryCost(directory: string): Promise<readonly BenchRow[]> {
  return withEngine({ directory }, ({ engine: silent }) =>
    withEngine({ directory, telemetry: createTelemetry() }, async ({ engine: told }) => {
      for (let i = 0; i < warmUps; i++) {
        await runLoad(silent, batch)
        await runLoad(told, batch)
      }
      const pairs = await alternate(
        () => runLoad(silent, batch),
        () => runLoad(told, batch),
        { budgetMs, roundsMin: 100 },
      )
      const percents = pairs.map(([silentMs, toldMs]) => (toldMs / silentMs - 1) * 100)
      return [
        benchRow({
          workload: 'W3',
          metric: 'telemetryCostPercent',
          value: median(percents),
          unit: 'percent',
        }),
      ]
    }),
  )
}
