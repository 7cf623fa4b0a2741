import { Coverage } from './coverage.ts'
import { World } from './world.ts'

export interface SimulationReport {
  readonly failed: number
  readonly failures: readonly { readonly seed: number; readonly property: string }[]
  readonly coverage: {
    readonly events: Readonly<Record<string, number>>
    readonly faults: Readonly<Record<string, number>>
    readonly crashes: Readonly<Record<string, number>>
    readonly features: Readonly<Record<string, number>>
  }
  /** Kinds that never occurred. */
  readonly missing: readonly string[]
  readonly eventsMin: number
  readonly crashesMin: number
  readonly seedsPerSecond: number
}

/** Runs seeds one after the other; the same seed always does the same. */
export async function simulate(options: {
  readonly seeds: number
  readonly first: number
  readonly stopAtFirst: boolean
}): Promise<SimulationReport> {
  const coverage = new Coverage()
  const failures: { seed: number; property: string }[] = []
  let failed = 0
  let eventsMin = Infinity
  let crashesMin = Infinity
  let eventsBefore = 0
  const startMs = performance.now()
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    const world = new World(seed, coverage)
    const broken = await world.run()
    const events = Object.values(coverage.events).reduce((sum, count) => sum + count, 0)
    eventsMin = Math.min(eventsMin, events - eventsBefore)
    eventsBefore = events
    crashesMin = Math.min(crashesMin, world.crashes)
    if (broken.length === 0) continue
    failed++
    for (const property of broken) failures.push({ seed, property })
    if (options.stopAtFirst) break
  }
  const seconds = (performance.now() - startMs) / 1_000
  return {
    failed,
    failures,
    coverage: {
      events: coverage.events,
      faults: coverage.faults,
      crashes: coverage.crashes,
      features: coverage.features,
    },
    missing: coverage.missing,
    eventsMin,
    crashesMin,
    seedsPerSecond: Math.round(options.seeds / seconds),
  }
}
