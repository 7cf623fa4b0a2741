import type { AttemptTelemetry, ExecutionTelemetry } from '../core/contracts/telemetry.ts'
import type { LatencyBuckets } from './latency-histogram.ts'

/** A number that a scrape reads. */
export interface Tally {
  value: number
}

export type AttemptOutcome = Parameters<AttemptTelemetry['ended']>[0]
export type ExecutionEnd = Parameters<ExecutionTelemetry['ended']>[0]

/** The distributions of one thing's durations by how it ended, each made when it is first needed. */
export class DurationsByOutcome<Outcome extends string> {
  readonly #make: (outcome: Outcome) => LatencyBuckets
  readonly #made = new Map<Outcome, LatencyBuckets>()

  constructor(make: (outcome: Outcome) => LatencyBuckets) {
    this.#make = make
  }

  observe(outcome: Outcome, durationMs: number): void {
    let buckets = this.#made.get(outcome)
    if (buckets === undefined) {
      buckets = this.#make(outcome)
      this.#made.set(outcome, buckets)
    }
    buckets.observe(durationMs)
  }
}

/**
 * Counts the attempts of one action of one agent. It keeps nothing about a single attempt, so all of
 * them share it and nothing is allocated; it is what the engine holds when no trace is recorded.
 */
export class AttemptMeter implements AttemptTelemetry {
  readonly traceparent = null
  readonly #durations: DurationsByOutcome<AttemptOutcome>

  constructor(durations: DurationsByOutcome<AttemptOutcome>) {
    this.#durations = durations
  }

  ended(outcome: AttemptOutcome, durationMs: number): void {
    this.#durations.observe(outcome, durationMs)
  }
}

export interface WorkflowMeterParts {
  readonly active: Tally
  readonly succeeded: Tally
  readonly failed: Tally
  readonly durations: DurationsByOutcome<ExecutionEnd>
  readonly attempt: (agent: string, action: string) => AttemptMeter
}

type AttemptInfo = Parameters<ExecutionTelemetry['attemptStarted']>[0]

/** Counts the executions of one workflow; shared by all of them like `AttemptMeter` by its attempts. */
export class WorkflowMeter implements ExecutionTelemetry {
  readonly traceId = null
  readonly #parts: WorkflowMeterParts

  constructor(parts: WorkflowMeterParts) {
    this.#parts = parts
  }

  started(): void {
    this.#parts.active.value++
  }

  attemptStarted(info: AttemptInfo): AttemptMeter {
    return this.#parts.attempt(info.agent, info.action)
  }

  stepEnded(): void {}

  stateChanged(): void {}

  /** `left` only lowers the number of active executions: whoever drives it to its end counts it. */
  ended(status: ExecutionEnd, durationMs: number): void {
    const { active, succeeded, failed, durations } = this.#parts
    active.value--
    if (status === 'left') return
    if (status === 'completed') succeeded.value++
    else if (status === 'failed') failed.value++
    durations.observe(status, durationMs)
  }
}
