import { parseArgs } from 'node:util'
import { plantMutant } from './mutate.ts'

/** `npm run -s sim -- --seeds N [--seed S] [--mutant NAME] [--json]`: see CONTRIBUTING.md. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    mutant: { type: 'string' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

const seeds = Number(values.seeds)
const first = Number(values.seed)
if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(first)) {
  console.error('sim: --seeds and --seed must be whole numbers, e.g. --seeds 200 --seed 1')
  process.exit(2)
}
// Errors are made by the thousand here, and nobody reads where.
Error.stackTraceLimit = values.verbose ? 10 : 0
if (values.mutant !== undefined) plantMutant(values.mutant)
const { simulate } = await import('./simulate.ts')
const report = await simulate({ seeds, first, stopAtFirst: values.mutant !== undefined })
const missing = seeds >= 200 && values.mutant === undefined ? report.missing : []
if (values.json) {
  const { failed, failures, coverage } = report
  console.log(JSON.stringify({ seeds, failed, failures, coverage }))
} else {
  const { events, faults, crashes, features } = report.coverage
  for (const [title, counts] of Object.entries({ events, faults, crashes, features })) {
    console.log(
      `${title}: ${Object.entries(counts)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ')}`,
    )
  }
  for (const { seed, property } of report.failures.slice(0, 20)) {
    console.log(`seed ${seed}: ${property}   (again: npm run -s sim -- --seeds 1 --seed ${seed})`)
  }
  const { eventsMin, crashesMin, seedsPerSecond } = report
  console.log(
    `${seeds} seeds from ${first}, ${report.failed} failed; at least ${eventsMin} events and ${crashesMin} crashes each; ${seedsPerSecond} seeds/s`,
  )
}
for (const kind of missing) console.error(`sim: ${kind} never occurred`)
process.exitCode = report.failed > 0 || missing.length > 0 ? 1 : 0
