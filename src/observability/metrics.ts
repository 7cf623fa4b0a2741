import { Registry } from 'prom-client'
import { systemClock } from '../core/clock.ts'
import type { MeshReading } from '../core/contracts/mesh.ts'
import type { CacheName } from '../core/contracts/telemetry.ts'
import type { Clock } from '../core/clock.ts'
import { registerCollected } from './collected.ts'
import { LabelSets, otherLabel } from './label-sets.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LatencyBuckets } from './latency-histogram.ts'
import { registerMesh } from './mesh-metrics.ts'
import { AttemptMeter, DurationsByOutcome, WorkflowMeter } from './meters.ts'
import type { Tally } from './meters.ts'
import { CpuMeter, systemReadings } from './process-usage.ts'
import type { ProcessReadings } from './process-usage.ts'

export interface MetricsOptions {
  /** Where the nine metrics are registered. Default a registry of their own. */
  readonly registry?: Registry
  /** Most label sets kept apart per metric; the rest is counted under `other`. Default 1,000. */
  readonly labelSetsMax?: number
  /** Default the computer's clock. */
  readonly clock?: Clock
  /** Default this process. */
  readonly readings?: ProcessReadings
}

const breakerValues = { closed: 0, halfOpen: 0.5, open: 1 } as const

/** Patterns that a document can name: their counters stand at zero from the start. */
const documentPatterns = ['pipeline', 'fanOut', 'consensus', 'hierarchical']

const workflowBounds = [
  0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400,
]
const agentBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]
const stateBounds = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1,
]

interface CacheTally {
  readonly hit: Tally
  readonly miss: Tally
}

/** The nine metrics. Observing changes plain numbers; prom-client sees them only when it is scraped. */
export class Metrics {
  readonly registry: Registry
  readonly #labelSetsMax: number
  readonly #active: Tally = { value: 0 }
  readonly #succeeded: LabelSets<Tally>
  readonly #failed: LabelSets<Tally>
  readonly #patterns: LabelSets<Tally>
  readonly #triggersLeft: Readonly<Record<'refused' | 'skipped', LabelSets<Tally>>>
  readonly #breakers: LabelSets<Tally>
  readonly #refused: LabelSets<Tally>
  readonly #cacheReads: Readonly<Record<CacheName, CacheTally>>
  readonly #executions: LatencyHistogram
  readonly #attempts: LatencyHistogram
  readonly #stateOperations: LatencyHistogram
  readonly #workflowMeters = new Map<string, WorkflowMeter>()
  readonly #attemptMeters = new Map<string, Map<string, AttemptMeter>>()
  #attemptMeterCount = 0
  readonly #patternTallies = new Map<string, Tally>()
  readonly #state: Readonly<Record<'get' | 'set' | 'commit', LatencyBuckets>>

  /** @throws Error of prom-client when the registry already has a metric of the same name. */
  constructor(options: MetricsOptions = {}) {
    const { registry = new Registry(), labelSetsMax = 1_000, clock = systemClock } = options
    this.registry = registry
    this.#labelSetsMax = labelSetsMax
    this.#executions = this.#histogram(
      'workflow_execution_seconds',
      'Time from the start of an execution to its end.',
      { names: ['workflow', 'outcome'], bounds: workflowBounds },
    )
    this.#succeeded = this.#counter(
      'workflow_success_total',
      'Executions that completed.',
      'workflow',
    )
    this.#failed = this.#counter('workflow_failure_total', 'Executions that failed.', 'workflow')
    this.#gauge(
      'active_workflows_count',
      'Executions that this process drives now.',
      () => this.#active.value,
    )
    this.#attempts = this.#histogram(
      'agent_communication_seconds',
      'Time from the call of an agent to the outcome of the attempt.',
      { names: ['agent', 'action', 'outcome'], bounds: agentBounds },
    )
    this.#breakers = this.#collected({
      type: 'gauge',
      name: 'agent_breaker_state',
      help: 'Circuit breaker of an agent: 0 closed, 0.5 half-open, 1 open.',
      labelNames: ['agent'],
    })
    this.#refused = this.#counter(
      'agent_call_refused_total',
      'Calls that did not reach their agent, by what refused them.',
      'agent',
      'reason',
    )
    this.#patterns = this.#counter(
      'coordination_pattern_total',
      'Uses of a coordination pattern.',
      'pattern',
    )
    for (const pattern of documentPatterns) this.#patterns.child(pattern)
    this.#triggersLeft = {
      refused: this.#counter(
        'trigger_refused_total',
        'Triggers that fired and could start nothing: an expression failed, the input or a flag refused it.',
        'workflow',
      ),
      skipped: this.#counter(
        'trigger_skipped_total',
        'Scheduled times that were left out: an execution was still running, or it was too late.',
        'workflow',
      ),
    }
    this.#cacheReads = this.#cacheTallies()
    this.#stateOperations = this.#histogram(
      'state_operation_seconds',
      'Time of a read or write of workflow state.',
      { names: ['operation'], bounds: stateBounds },
    )
    this.#state = {
      get: this.#stateOperations.child('get'),
      set: this.#stateOperations.child('set'),
      commit: this.#stateOperations.child('commit'),
    }
    this.#registerProcess(clock, options.readings ?? systemReadings)
  }

  /** The meter of one workflow; its counters stand at zero from the first call on. */
  workflow(name: string): WorkflowMeter {
    const known = this.#workflowMeters.get(name)
    if (known !== undefined) return known
    if (this.#workflowMeters.size >= this.#labelSetsMax && name !== otherLabel) {
      return this.workflow(otherLabel)
    }
    const meter = new WorkflowMeter({
      active: this.#active,
      succeeded: this.#succeeded.child(name),
      failed: this.#failed.child(name),
      durations: new DurationsByOutcome((status) => this.#executions.child(name, status)),
      attempt: (agent, action) => this.#attempt(agent, action),
    })
    this.#workflowMeters.set(name, meter)
    return meter
  }

  patternUsed(pattern: string): void {
    const known = this.#patternTallies.get(pattern)
    if (known !== undefined) {
      known.value++
      return
    }
    const tally = this.#patterns.child(pattern)
    tally.value++
    if (this.#patternTallies.size < this.#labelSetsMax) this.#patternTallies.set(pattern, tally)
  }

  triggerLeft(workflow: string, why: 'refused' | 'skipped'): void {
    this.#triggersLeft[why].child(workflow).value++
  }

  breakerChanged(agent: string, state: 'closed' | 'open' | 'halfOpen'): void {
    this.#breakers.child(agent).value = breakerValues[state]
  }

  callRefused(agent: string, reason: string): void {
    this.#refused.child(agent, reason).value++
  }

  cacheRead(cache: CacheName, isHit: boolean): void {
    this.#cacheReads[cache][isHit ? 'hit' : 'miss'].value++
  }

  stateOperation(operation: 'get' | 'set' | 'commit', durationMs: number): void {
    this.#state[operation].observe(durationMs)
  }

  /** Adds the metrics of a mesh. @throws Error of prom-client when the registry has those of another one */
  watchMesh(readings: () => readonly MeshReading[]): void {
    registerMesh(this.registry, readings, this.#labelSetsMax)
  }

  /** All metrics of the registry in its text format; the content type is `registry.contentType`. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  #cacheTallies(): Readonly<Record<CacheName, CacheTally>> {
    const help = 'Reads of a cache, by whether it had what was sought.'
    const reads = this.#counter('cache_reads_total', help, 'cache', 'result')
    const ofCache = (cache: CacheName): CacheTally => ({
      hit: reads.child(cache, 'hit'),
      miss: reads.child(cache, 'miss'),
    })
    return {
      plans: ofCache('plans'),
      tda_context: ofCache('tda_context'),
      embeddings: ofCache('embeddings'),
      state: ofCache('state'),
    }
  }

  #attempt(agent: string, action: string): AttemptMeter {
    const known = this.#attemptMeters.get(agent)?.get(action)
    if (known !== undefined) return known
    const full = this.#attemptMeterCount >= this.#labelSetsMax
    if (full && (agent !== otherLabel || action !== otherLabel)) {
      return this.#attempt(otherLabel, otherLabel)
    }
    const meter = new AttemptMeter(
      new DurationsByOutcome((outcome) => this.#attempts.child(agent, action, outcome)),
    )
    const ofAgent = this.#attemptMeters.get(agent) ?? new Map<string, AttemptMeter>()
    this.#attemptMeters.set(agent, ofAgent.set(action, meter))
    this.#attemptMeterCount++
    return meter
  }

  #histogram(
    name: string,
    help: string,
    labels: { readonly names: readonly string[]; readonly bounds: readonly number[] },
  ): LatencyHistogram {
    return new LatencyHistogram({
      name,
      help,
      labelNames: labels.names,
      closed: ['outcome'],
      boundsSeconds: labels.bounds,
      labelSetsMax: this.#labelSetsMax,
      registry: this.registry,
    })
  }

  #counter(name: string, help: string, ...labelNames: readonly string[]): LabelSets<Tally> {
    return this.#collected({ type: 'counter', name, help, labelNames })
  }

  #collected(metric: Parameters<typeof registerCollected>[1]): LabelSets<Tally> {
    const sets = this.#tallies(metric.labelNames)
    registerCollected(this.registry, metric, function* () {
      for (const { labels, child } of sets.all()) yield { labels, value: child.value }
    })
    return sets
  }

  #tallies(names: readonly string[]): LabelSets<Tally> {
    return new LabelSets<Tally>({
      names,
      max: this.#labelSetsMax,
      make: () => ({ value: 0 }),
    })
  }

  #gauge(name: string, help: string, read: () => number): void {
    const metric = { type: 'gauge', name, help, labelNames: [] } as const
    registerCollected(this.registry, metric, () => [{ labels: {}, value: read() }])
  }

  #registerProcess(clock: Clock, readings: ProcessReadings): void {
    const cpu = new CpuMeter(clock, readings)
    this.#gauge('orchestration_memory_bytes', 'Resident memory of this process.', () =>
      readings.residentBytes(),
    )
    this.#gauge(
      'orchestration_cpu_percent',
      'Processor use of this process since the last scrape; 100 is one core.',
      () => cpu.percent(),
    )
  }
}
