import type { Clock } from '../../core/clock.ts'

/** How `aura doctor` asks one service whether it is in reach. */
export interface ServiceProbe {
  readonly name: string
  /** The environment variable that says where the service is, e.g. `REDIS_URL`. */
  readonly setting: string
  /**
   * Asks the service at that address and gives one line for people: version, latency; or what is amiss. Must end by itself within
   * some seconds and load its client only when called.
   *
   * @throws OrchestrationError that says what is wrong, where, and in its hint what to do
   */
  readonly probe: (
    address: string,
    clock: Clock,
    env: Readonly<Record<string, string | undefined>>,
  ) => Promise<string | ServiceWarning>
}

/** The service answers, and something is amiss. */
export interface ServiceWarning {
  readonly detail: string
  readonly hint: string
}
