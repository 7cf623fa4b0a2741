import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import type { Findings, Range } from './simulate.ts'

/** Seeds that a thread is given at once: little beside what it costs to ask for more. */
const seedsAtOnce = 25

/** Room for what one seed leaves behind: most of it is gone when the next one begins. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 }

/** Runs seeds on every processor. Each seed does what it does alone, and failures are listed by seed. */
export async function simulateInThreads({ first, seeds }: Range): Promise<Findings> {
  const end = first + seeds
  let next = first
  const findings: Findings[] = []
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), { resourceLimits })
    try {
      while (next < end) {
        const range: Range = { first: next, seeds: Math.min(seedsAtOnce, end - next) }
        next += range.seeds
        worker.postMessage(range)
        // A thread that breaks emits 'error', which rejects this.
        findings.push(((await once(worker, 'message')) as [Findings])[0])
      }
    } finally {
      await worker.terminate()
    }
  }
  const threads = Math.min(availableParallelism(), Math.ceil(seeds / seedsAtOnce))
  await Promise.all(Array.from({ length: threads }, work))
  return merged(findings)
}

function merged(findings: readonly Findings[]): Findings {
  const coverage = new Coverage()
  for (const one of findings) coverage.add(one.coverage)
  return {
    failures: findings.flatMap(({ failures }) => failures).toSorted((a, b) => a.seed - b.seed),
    coverage: coverage.counts,
    eventsMin: Math.min(...findings.map(({ eventsMin }) => eventsMin)),
    crashesMin: Math.min(...findings.map(({ crashesMin }) => crashesMin)),
  }
}
