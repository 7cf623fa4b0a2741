import { Counter, Gauge, type Registry } from 'prom-client'

interface CollectedMetric {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * Registers a metric whose samples are asked for when it is scraped.
 *
 * @throws Error of prom-client when the registry already has a metric of the same name
 */
export function registerCollected(
  registry: Registry,
  { type, name, help, labelNames }: CollectedMetric,
  samples: () => Iterable<Sample>,
): void {
  const options = { name, help, labelNames: [...labelNames], registers: [] }
  const gauge = {
    ...options,
    collect(this: Gauge) {
      this.reset()
      for (const { labels, value } of samples()) this.set(labels, value)
    },
  }
  const counter = {
    ...options,
    collect(this: Counter) {
      this.reset()
      for (const { labels, value } of samples()) this.inc(labels, value)
    },
  }
  registry.registerMetric(type === 'gauge' ? new Gauge(gauge) : new Counter(counter))
}
