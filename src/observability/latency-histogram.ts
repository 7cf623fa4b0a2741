import type { Metric, Registry } from 'prom-client'
import { LabelSets } from './label-sets.ts'

export interface LatencyHistogramOptions {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** Names of labels with a small closed set of values. Default none. */
  readonly closed?: readonly string[]
  /** Upper bounds in seconds, rising; the bound +Inf is added. */
  readonly boundsSeconds: readonly number[]
  readonly labelSetsMax: number
  readonly registry: Registry
}

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** The distribution of one label set's durations. */
export class LatencyBuckets {
  readonly #boundsMs: readonly number[]
  /** Observations per bucket, not summed up; the last is beyond every bound. */
  readonly #counts: number[]
  #sumMs = 0

  constructor(boundsMs: readonly number[]) {
    this.#boundsMs = boundsMs
    this.#counts = Array.from({ length: boundsMs.length + 1 }, () => 0)
  }

  /** Counts one duration in milliseconds; what is no finite positive number counts as zero. */
  observe(durationMs: number): void {
    const value = durationMs > 0 && durationMs < Number.POSITIVE_INFINITY ? durationMs : 0
    const bounds = this.#boundsMs
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at++
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#sumMs += value
  }

  samples(
    name: string,
    labels: Readonly<Record<string, string>>,
    bounds: readonly number[],
  ): Sample[] {
    const samples: Sample[] = []
    let total = 0
    for (const [at, count] of this.#counts.entries()) {
      total += count
      samples.push({
        metricName: `${name}_bucket`,
        labels: { ...labels, le: bounds[at] ?? '+Inf' },
        value: total,
      })
    }
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sumMs / 1_000 })
    samples.push({ metricName: `${name}_count`, labels, value: total })
    return samples
  }
}

/**
 * A Prometheus histogram of durations that costs a few nanoseconds an observation. prom-client's own
 * validates and hashes the labels every time (about 0.3 µs); this one hands out a child to
 * keep and builds the samples only when it is scraped.
 */
export class LatencyHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #boundsSeconds: readonly number[]
  readonly #sets: LabelSets<LatencyBuckets>

  constructor(options: LatencyHistogramOptions) {
    this.name = options.name
    this.help = options.help
    this.#boundsSeconds = options.boundsSeconds
    const boundsMs = options.boundsSeconds.map((seconds) => seconds * 1_000)
    this.#sets = new LabelSets({
      names: options.labelNames,
      ...(options.closed === undefined ? {} : { closed: options.closed }),
      max: options.labelSetsMax,
      make: () => new LatencyBuckets(boundsMs),
    })
    // The registry reads only `name` and `get()`, but its type asks for one of prom-client's classes.
    options.registry.registerMetric(this as unknown as Metric)
  }

  /** The distribution of these label values, in the order of `labelNames`: keep it. */
  child(...values: string[]): LatencyBuckets {
    return this.#sets.child(...values)
  }

  /** What prom-client's registry asks for at each scrape. */
  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    const values = Array.from(this.#sets.all()).flatMap((set) =>
      set.child.samples(name, set.labels, this.#boundsSeconds),
    )
    return { name, help, type, aggregator, values }
  }
}
