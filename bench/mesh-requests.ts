import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../src/core/clock.ts'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import { alternate } from './alternate.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { percentile } from './percentile.ts'

const budgetMs = 3_000
const requests = 5_000

/** W10: requests inside the process, one after the other; the floor is a promise that `setImmediate` resolves. */
export async function measureRequests(): Promise<readonly BenchRow[]> {
  const mesh = new InProcessMesh({ clock: systemClock })
  await mesh.subscribe('ask', async ({ id }) => event(`re-${id}`, 'answer'))
  let asked = 0
  const rounds = await alternate(
    () => timed(() => setImmediate()),
    () => timed(() => mesh.request(event(String(asked++), 'ask'), { timeoutMs: 10_000 })),
    { budgetMs },
  )
  await mesh.close()
  const row = (metric: string, of: (times: readonly number[]) => number): BenchRow =>
    benchRow({
      workload: 'W10',
      metric,
      value: median(rounds.map(([, ours]) => of(ours))),
      unit: 'ms',
      floor: median(rounds.map(([bare]) => of(bare))),
    })
  return [row('requestMsP50', median), row('requestMsP99', (times) => percentile(times, 0.99))]
}

async function timed(work: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < requests; i++) {
    const startedMs = systemClock.monotonicMs()
    await work()
    times.push(systemClock.monotonicMs() - startedMs)
  }
  return times
}

function event(id: string, type: string): CloudEvent {
  return { id, source: 'bench', type, time: null, subject: null, data: { id } }
}
