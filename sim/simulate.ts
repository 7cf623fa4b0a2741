import { Coverage, type Counts } from './coverage.ts'
import { World } from './world.ts'

/** Consecutive seeds. */
export interface Range {
  readonly first: number
  readonly seeds: number
}

/** What some seeds showed. */
export interface Findings {
  /** Every broken property of every seed, by seed. */
  readonly failures: readonly { readonly seed: number; readonly property: string }[]
  readonly coverage: Counts
  /** Fewest of one seed. */
  readonly eventsMin: number
  readonly crashesMin: number
}

/** Runs seeds one after the other; the same seed always does the same. */
export async function simulate(
  { first, seeds }: Range,
  options: { readonly stopAtFirst: boolean },
): Promise<Findings> {
  // Errors are made by the thousand; where, is read only when one seed is looked at.
  Error.stackTraceLimit = seeds === 1 ? 10 : 0
  // What takes real time to load would find the virtual clock far ahead.
  await import('ai')
  const coverage = new Coverage()
  const failures: { seed: number; property: string }[] = []
  let eventsMin = Infinity
  let crashesMin = Infinity
  let eventsBefore = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const world = new World(seed, coverage)
    const broken = await world.run()
    const events = Object.values(coverage.counts.events).reduce((sum, count) => sum + count, 0)
    eventsMin = Math.min(eventsMin, events - eventsBefore)
    eventsBefore = events
    crashesMin = Math.min(crashesMin, world.crashes)
    for (const property of broken) failures.push({ seed, property })
    if (broken.length > 0 && options.stopAtFirst) break
  }
  return { failures, coverage: coverage.counts, eventsMin, crashesMin }
}
