import { setTimeout } from 'node:timers/promises'
import { defineWorkflow } from '../src/index.ts'
import { withEngine } from './bench-engine.ts'
import { residentBytes } from './resident-memory.ts'

/** What the program tells. */
export interface ParkedFigures {
  readonly bytesPerExecution: number
  /** 100: one core. */
  readonly idleCpuPercent: number
}

/** `node --expose-gc parked-program.ts DIR COUNT IDLE_MS`: parks executions on a sleep of a day and looks at them. */
const [directory = '', count = '', idleMs = ''] = process.argv.slice(2)
console.log(JSON.stringify(await measure(Number(count), Number(idleMs))))

async function measure(executions: number, forMs: number): Promise<ParkedFigures> {
  const noop = { agent: 'noop', action: 'run' } as const
  const sleeper = defineWorkflow({
    name: 'sleeper',
    version: '1.0.0',
    steps: {
      before: noop,
      sleep: { needs: ['before'], sleep: '1d' },
      after: { ...noop, needs: ['sleep'] },
    },
  })
  const wave = 1_000
  return withEngine({ directory }, async ({ engine }) => {
    const before = await residentBytes()
    for (let started = 0; started < executions; started += wave) {
      const starts = Array.from({ length: Math.min(wave, executions - started) }, () =>
        engine.startWorkflow(sleeper.name, sleeper),
      )
      await Promise.all(starts)
    }
    while (engine.held.timers < executions) await setTimeout(10)
    const bytesPerExecution = ((await residentBytes()) - before) / executions
    const startedMs = performance.now()
    const start = process.cpuUsage()
    await setTimeout(forMs)
    const { user, system } = process.cpuUsage(start)
    const idleCpuPercent = (user + system) / 10 / (performance.now() - startedMs)
    return { bytesPerExecution, idleCpuPercent }
  })
}
