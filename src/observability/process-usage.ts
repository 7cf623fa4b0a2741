import type { Clock } from '../core/clock.ts'

/** What the operating system says about this process. */
export interface ProcessReadings {
  /** Resident memory. */
  residentBytes(): number
  /** Processor time used by all threads since the process began, in microseconds. */
  cpuMicros(): number
}

export const systemReadings: ProcessReadings = {
  residentBytes: () => process.memoryUsage.rss(),
  cpuMicros() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
}

/** Shorter windows measure the scrape itself, so a second scraper within one gets the same figure. */
const windowMsMin = 1_000

/** Processor use since the last reading, in percent of one core: 250 means two and a half cores. */
export class CpuMeter {
  readonly #clock: Clock
  readonly #readings: ProcessReadings
  #atMs: number
  #micros: number
  #percent: number | null = null

  constructor(clock: Clock, readings: ProcessReadings) {
    this.#clock = clock
    this.#readings = readings
    this.#atMs = clock.monotonicMs()
    this.#micros = readings.cpuMicros()
  }

  /** Reads again when the last reading is at least one second old; the first covers the time since the start. */
  percent(): number {
    const elapsedMs = this.#clock.monotonicMs() - this.#atMs
    if (elapsedMs <= 0) return this.#percent ?? 0
    if (this.#percent !== null && elapsedMs < windowMsMin) return this.#percent
    const micros = this.#readings.cpuMicros()
    this.#percent = Math.max(0, ((micros - this.#micros) / (elapsedMs * 1_000)) * 100)
    this.#atMs += elapsedMs
    this.#micros = micros
    return this.#percent
  }
}
