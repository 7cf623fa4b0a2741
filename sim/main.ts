import { parseArgs } from 'node:util'
import { plantMutant } from './mutate.ts'
import type { Findings } from './simulate.ts'

/** `npm run -s sim -- --seeds N [--seed S] [--mutant NAME] [--json]`: see CONTRIBUTING.md. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const seeds = Number(values.seeds)
const first = Number(values.seed)
if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(first)) {
  console.error('sim: --seeds and --seed must be whole numbers, e.g. --seeds 200 --seed 1')
  process.exit(2)
}
const startMs = performance.now()
const { failures, coverage, eventsMin, crashesMin, missing } = await run()
const seconds = (performance.now() - startMs) / 1_000
const failed = new Set(failures.map(({ seed }) => seed)).size
if (values.json) {
  console.log(JSON.stringify({ seeds, failed, failures, coverage }))
} else {
  for (const [title, counts] of Object.entries(coverage)) {
    console.log(
      `${title}: ${Object.entries(counts)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ')}`,
    )
  }
  for (const { seed, property } of failures.slice(0, 20)) {
    console.log(`seed ${seed}: ${property}   (again: npm run -s sim -- --seeds 1 --seed ${seed})`)
  }
  const perSecond = Math.round(seeds / seconds)
  console.log(
    `${seeds} seeds from ${first}, ${failed} failed; at least ${eventsMin} events and ${crashesMin} crashes each; ${perSecond} seeds/s`,
  )
}
for (const kind of missing) console.error(`sim: ${kind} never occurred`)
process.exitCode = failed > 0 || missing.length > 0 ? 1 : 0

/** A mutant is planted before anything of the product is loaded, and the first seed that shows it ends the search. */
async function run(): Promise<Findings & { readonly missing: readonly string[] }> {
  if (values.mutant !== undefined) {
    plantMutant(values.mutant)
    const { simulate } = await import('./simulate.ts')
    return { ...(await simulate({ first, seeds }, { stopAtFirst: true })), missing: [] }
  }
  const { simulateInThreads } = await import('./simulate-in-threads.ts')
  const { missingIn } = await import('./coverage.ts')
  const findings = await simulateInThreads({ first, seeds })
  return { ...findings, missing: seeds < 200 ? [] : missingIn(findings.coverage) }
}
