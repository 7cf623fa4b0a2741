import { withEngine } from './bench-engine.ts'
import { runLoad } from './load.ts'
import { residentBytes } from './resident-memory.ts'

/** What the program tells. */
export interface GrowthFigures {
  /** After so many executions as were asked for. */
  readonly bytes: number
  /** After ten times as many. */
  readonly bytesOfTenfold: number
}

/** `node --expose-gc growth-program.ts DIR COUNT`: what a process holds after COUNT five-step executions, and after ten times as many. */
const [directory = '', count = ''] = process.argv.slice(2)
console.log(JSON.stringify(await measure(Number(count))))

function measure(executions: number): Promise<GrowthFigures> {
  return withEngine({ directory }, async ({ engine }) => {
    await runLoad(engine, { mode: 'atOnce', concurrency: 1_000, executions })
    const bytes = await residentBytes()
    await runLoad(engine, { mode: 'atOnce', concurrency: 1_000, executions: 9 * executions })
    return { bytes, bytesOfTenfold: await residentBytes() }
  })
}
