import { type Clock, systemClock } from '../core/clock.ts'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { openEngine } from '../engine/index.ts'
import { makeAgents, type TestAgents } from './agent-script.ts'
import { type LatencySummary, summarise } from './latency-summary.ts'
import { type TestedDocument, testedDocument } from './tested-document.ts'

export interface LoadOptions {
  readonly arrivalsPerSecond: number
  /** Arrivals are spread over this time. */
  readonly durationMs: number
  readonly document: TestedDocument
  readonly agents?: TestAgents
  /** Of all executions, or of the nth, counted from 0. */
  readonly input?: JsonObject | ((number: number) => JsonObject)
  /** The SQLite file. Default: in memory. */
  readonly db?: string
  /** How long executions may take to end after the last arrival. Default 30,000. */
  readonly drainMs?: number
}

/** Latency counts from the moment at which an execution was to start, whether or not anybody was free to start it. */
export interface LoadReport extends LatencySummary {
  /** Executions that arrived. */
  readonly count: number
  readonly completed: number
  /** Ended, but not completed. */
  readonly failed: number
  /** Not accepted; they have no latency. */
  readonly refused: number
  /** Still open in the end; their latency so far is counted. */
  readonly unfinished: number
  /** Ended executions over the time until the last of them ended. */
  readonly throughputPerSecond: number
}

/**
 * Offers load in an open loop: executions arrive by the clock, however far behind the engine is, so that a
 * stall shows in the latency of all that arrived in it (coordinated omission, G. Tene, 2013).
 */
export async function offerLoad(options: LoadOptions): Promise<LoadReport> {
  const { arrivalsPerSecond, durationMs, input = {}, db, drainMs = 30_000 } = options
  if (!(arrivalsPerSecond > 0 && durationMs > 0))
    throw new OrchestrationError('UsageError', 'arrivalsPerSecond and durationMs must be over 0')
  const document = testedDocument(options.document)
  const agents = makeAgents(options.agents ?? {}, { clock: systemClock, park: () => () => {} })
  const engine = await openEngine({ agents, ...(db === undefined ? {} : { db }) })
  const count = Math.max(1, Math.round((arrivalsPerSecond * durationMs) / 1_000))
  const inputOf = typeof input === 'function' ? input : (): JsonObject => input
  const tally = new Tally(systemClock, 1_000 / arrivalsPerSecond)
  try {
    const endings: Promise<void>[] = []
    await arrive(systemClock, count, tally, (number) => {
      // Also what `input` throws is the arrival's own failure.
      const ask = async () => engine.executeDocument(document, { input: inputOf(number) })
      endings.push(tally.follow(number, ask()))
    })
    await atMost(systemClock, drainMs, Promise.all(endings))
    return tally.report(count)
  } finally {
    await engine.close()
  }
}

/** Calls `start` for each arrival when its time has come; those that are late come all at once. */
function arrive(
  clock: Clock,
  count: number,
  tally: Tally,
  start: (number: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let number = 0
    const due = (): void => {
      while (number < count && tally.intendedMs(number) <= clock.monotonicMs()) start(number++)
      if (number === count) return resolve()
      clock.after(Math.max(0, tally.intendedMs(number) - clock.monotonicMs()), due)
    }
    due()
  })
}

class Tally {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #startMs: number
  readonly #latenciesMs = new Map<number, number>()
  #completed = 0
  #failed = 0
  #refused = 0
  #broken: { readonly thrown: unknown } | null = null
  #lastEndMs: number

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#startMs = clock.monotonicMs()
    this.#lastEndMs = this.#startMs
  }

  intendedMs(number: number): number {
    return this.#startMs + number * this.#intervalMs
  }

  /** Never rejects. */
  async follow(number: number, ending: Promise<{ readonly status: string }>): Promise<void> {
    try {
      const { status } = await ending
      if (status === 'completed') this.#completed++
      else this.#failed++
    } catch (thrown) {
      // Whatever is not a matter of load is the author's to know.
      if (isOrchestrationError(thrown) && thrown.code === 'ResourceExhaustionError') this.#refused++
      else this.#broken ??= { thrown }
      return
    }
    this.#lastEndMs = this.#clock.monotonicMs()
    this.#latenciesMs.set(number, this.#lastEndMs - this.intendedMs(number))
  }

  /** @throws whatever made a start fail */
  report(count: number): LoadReport {
    if (this.#broken !== null) throw this.#broken.thrown
    const ended = this.#latenciesMs.size
    const unfinished = count - ended - this.#refused
    const nowMs = this.#clock.monotonicMs()
    const open = Array.from({ length: count }, (_, number) => number)
      .filter((number) => unfinished > 0 && !this.#latenciesMs.has(number))
      .map((number) => nowMs - this.intendedMs(number))
    const tookMs = this.#lastEndMs - this.#startMs
    return {
      count,
      completed: this.#completed,
      failed: this.#failed,
      refused: this.#refused,
      unfinished,
      throughputPerSecond: tookMs > 0 ? (1_000 * ended) / tookMs : 0,
      ...summarise([...this.#latenciesMs.values(), ...open]),
    }
  }
}

/** Resolves when the work is done, or after `ms`. */
function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, resolve)
    work.then(() => {
      cancel()
      resolve()
    }, reject)
  })
}
