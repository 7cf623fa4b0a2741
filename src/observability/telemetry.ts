import type { Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import { type MeshReading, type MeshTracer, silentMeshTracer } from '../core/contracts/mesh.ts'
import type {
  AttemptTelemetry,
  CacheName,
  ExecutionTelemetry,
  Telemetry,
} from '../core/contracts/telemetry.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { AttemptMeter, AttemptOutcome, ExecutionEnd, WorkflowMeter } from './meters.ts'
import { OpenTelemetryMeshTracer } from './mesh-traces.ts'
import { Metrics } from './metrics.ts'
import { packageVersion } from './package-version.ts'
import type { ProcessReadings } from './process-usage.ts'
import { isSampled } from './sampling.ts'
import { TracerLookup } from './tracer-lookup.ts'
import { ExecutionTrace } from './traces.ts'
import type { AttemptTrace } from './traces.ts'

export interface TelemetryOptions {
  /** Where the nine metrics are registered. Default a registry of their own. */
  readonly registry?: Registry
  /** `auto` (default): spans are made while an OpenTelemetry tracer provider is registered in the process. */
  readonly tracing?: 'auto' | 'off'
  /** Ratio of executions whose spans are made, 0 to 1, on top of the provider's own sampler. Default 1. */
  readonly sampling?: number
  /** Most label sets kept apart per metric. Default 1,000. */
  readonly labelSetsMax?: number
  /** Default the computer's clock. */
  readonly clock?: Clock
  /** Memory and processor time. Default of this process. */
  readonly readings?: ProcessReadings
}

/** What the engine reports to, and where the metrics are read. */
export interface ProcessTelemetry extends Telemetry {
  readonly registry: Registry
  /** The body of `GET /metrics`. */
  metricsText(): Promise<string>
  /** Traces what a mesh publishes and delivers; silent with `tracing: 'off'`. */
  readonly meshTracer: MeshTracer
  /** Adds the metrics of the process's mesh, read when they are scraped. @throws Error of prom-client the second time */
  watchMesh(readings: () => readonly MeshReading[]): void
  /** The `Content-Type` of that body. */
  readonly metricsContentType: string
}

/**
 * Metrics always, traces while somebody collects them. One per process: memory and processor use are the process's.
 *
 * @throws InputError when `sampling` is no number from 0 to 1.
 * @example
 * const telemetry = createTelemetry()
 * const execution = telemetry.executionStarted({ executionId: 'a-1', workflow: 'a', version: '1.0.0', recovered: false })
 * execution.ended('completed', 12, null)
 * await telemetry.metricsText() // … workflow_success_total{workflow="a"} 1 …
 */
export function createTelemetry(options: TelemetryOptions = {}): ProcessTelemetry {
  const { tracing = 'auto', sampling = 1, ...rest } = options
  if (!(sampling >= 0 && sampling <= 1)) {
    throw new OrchestrationError('InputError', `sampling must be from 0 to 1, not ${sampling}`)
  }
  const on = tracing === 'auto' && sampling > 0
  return new MeteredTelemetry(new Metrics(rest), on ? sampling : null)
}

type ExecutionInfo = Parameters<Telemetry['executionStarted']>[0]
type AttemptInfo = Parameters<ExecutionTelemetry['attemptStarted']>[0]

class MeteredTelemetry implements ProcessTelemetry {
  readonly #metrics: Metrics
  readonly #sampling: number | null
  readonly #version: string
  readonly #tracers: TracerLookup
  readonly meshTracer: MeshTracer

  constructor(metrics: Metrics, sampling: number | null) {
    this.#metrics = metrics
    this.#sampling = sampling
    this.#version = sampling === null ? '' : packageVersion()
    this.#tracers = new TracerLookup(this.#version)
    this.meshTracer =
      sampling === null ? silentMeshTracer : new OpenTelemetryMeshTracer(this.#tracers)
  }

  get registry(): Registry {
    return this.#metrics.registry
  }

  get metricsContentType(): string {
    return this.#metrics.registry.contentType
  }

  metricsText(): Promise<string> {
    return this.#metrics.text()
  }

  // Without a tracer this answers with the workflow's meter itself, so nothing is allocated for an execution.
  executionStarted(info: ExecutionInfo): ExecutionTelemetry {
    const meter = this.#metrics.workflow(info.workflow)
    meter.started()
    if (this.#sampling === null) return meter
    const trace = this.#begin(info, this.#sampling)
    return trace === null ? meter : new TracedExecution(meter, trace)
  }

  triggerLeft(workflow: string, why: 'refused' | 'skipped'): void {
    this.#metrics.triggerLeft(workflow, why)
  }

  breakerChanged(agent: string, state: 'closed' | 'open' | 'halfOpen'): void {
    this.#metrics.breakerChanged(agent, state)
  }

  callRefused(agent: string, reason: string): void {
    this.#metrics.callRefused(agent, reason)
  }

  cacheRead(cache: CacheName, isHit: boolean): void {
    this.#metrics.cacheRead(cache, isHit)
  }

  watchMesh(readings: () => readonly MeshReading[]): void {
    this.#metrics.watchMesh(readings)
  }

  patternUsed(pattern: string): void {
    this.#metrics.patternUsed(pattern)
  }

  stateOperation(operation: 'get' | 'set' | 'commit', durationMs: number): void {
    this.#metrics.stateOperation(operation, durationMs)
  }

  #begin(info: ExecutionInfo, sampling: number): ExecutionTrace | null {
    try {
      const tracer = this.#tracers.current()
      if (tracer === null || !isSampled(info.executionId, sampling)) return null
      return ExecutionTrace.begin(tracer, info, this.#version)
    } catch {
      return null
    }
  }
}

class TracedExecution implements ExecutionTelemetry {
  readonly traceId: string
  readonly #meter: WorkflowMeter
  readonly #trace: ExecutionTrace

  constructor(meter: WorkflowMeter, trace: ExecutionTrace) {
    this.traceId = trace.traceId
    this.#meter = meter
    this.#trace = trace
  }

  attemptStarted(info: AttemptInfo): AttemptTelemetry {
    const meter = this.#meter.attemptStarted(info)
    const trace = unlessItThrows(() => this.#trace.attemptStarted(info), null)
    return trace === null ? meter : new TracedAttempt(meter, trace)
  }

  stepEnded(stepId: string, status: string): void {
    unlessItThrows(() => this.#trace.stepEnded(stepId, status), undefined)
  }

  stateChanged(changes: readonly string[]): void {
    unlessItThrows(() => this.#trace.stateChanged(changes), undefined)
  }

  ended(status: ExecutionEnd, durationMs: number, error: ErrorJson | null): void {
    this.#meter.ended(status, durationMs)
    unlessItThrows(() => this.#trace.ended(status, error), undefined)
  }
}

class TracedAttempt implements AttemptTelemetry {
  readonly traceparent: string
  readonly #meter: AttemptMeter
  readonly #trace: AttemptTrace

  constructor(meter: AttemptMeter, trace: AttemptTrace) {
    this.traceparent = trace.traceparent
    this.#meter = meter
    this.#trace = trace
  }

  ended(outcome: AttemptOutcome, durationMs: number, error: ErrorJson | null): void {
    this.#meter.ended(outcome, durationMs)
    unlessItThrows(() => this.#trace.ended(outcome, error), undefined)
  }
}

// Samplers and span processors are the user's code; an execution must not fail because of them.
function unlessItThrows<T>(call: () => T, otherwise: T): T {
  try {
    return call()
  } catch {
    return otherwise
  }
}
