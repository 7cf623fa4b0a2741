import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openEngine } from '../src/index.ts'
import { alternate } from './alternate.ts'
import { noopAgent, withEngine } from './bench-engine.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { fillFile } from './filled-file.ts'
import { type Load, runLoad } from './load.ts'
import { median } from './median.ts'

export interface FullFileOptions {
  readonly directory: string
  /** Finished executions in the file. */
  readonly executions: number
}

const load: Load = { mode: 'atOnce', concurrency: 1_000, executions: 10_000 }
const warmUp: Load = { ...load, executions: 1_000 }
const steps = load.executions * 5
const budgetMs = 40_000
/** The owner checks a file of this size beside its work, a gigabyte in 2.3 s on an idle core. */
const settleMs = 10_000

/** W8: W3 on a file with very many finished executions; the floor is the same on an empty one, in the same run. */
export async function measureFullFile(options: FullFileOptions): Promise<readonly BenchRow[]> {
  const { directory, executions } = options
  const home = mkdtempSync(join(directory, 'full-'))
  const file = join(home, 'aura.db')
  try {
    await fillFile(file, executions)
    const engine = await openEngine({ db: file, agents: [noopAgent()] })
    try {
      await setTimeout(settleMs)
      const rounds = await alternate(
        () =>
          withEngine({ directory }, async ({ engine: empty }) => {
            await runLoad(empty, warmUp)
            return (steps * 1_000) / (await runLoad(empty, load))
          }),
        async () => {
          await runLoad(engine, warmUp)
          return (steps * 1_000) / (await runLoad(engine, load))
        },
        { budgetMs },
      )
      return [
        benchRow({
          workload: 'W8',
          metric: 'stepsPerSecondAtOneMillion',
          value: median(rounds.map(([, full]) => full)),
          unit: 'steps/s',
          floor: median(rounds.map(([empty]) => empty)),
        }),
      ]
    } finally {
      await engine.close()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
