import type { Registry } from 'prom-client'
import type { MeshReading } from '../core/contracts/mesh.ts'
import { registerCollected } from './collected.ts'
import { LabelSets } from './label-sets.ts'

const labelNames = ['kind', 'name']

interface MeshMetric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly of: (reading: MeshReading) => number
  /** How places of one name make one sample; default their sum. */
  readonly join?: (one: number, other: number) => number
}

const mesh: readonly MeshMetric[] = [
  {
    name: 'mesh_depth',
    help: 'Events that wait in a subscription, group or queue.',
    type: 'gauge',
    of: ({ depth }) => depth,
  },
  {
    name: 'mesh_in_flight',
    help: 'Events that are being handled.',
    type: 'gauge',
    of: ({ inFlight }) => inFlight,
  },
  {
    name: 'mesh_oldest_age_seconds',
    help: 'Age of the oldest event that is not handled.',
    type: 'gauge',
    of: ({ oldestAgeMs }) => oldestAgeMs / 1_000,
    join: Math.max,
  },
  {
    name: 'mesh_dead_letters',
    help: 'Dead letters that a queue keeps.',
    type: 'gauge',
    of: ({ dead }) => dead,
  },
  {
    name: 'mesh_deliveries_total',
    help: 'Deliveries to handlers.',
    type: 'counter',
    of: ({ deliveries }) => deliveries,
  },
  {
    name: 'mesh_redeliveries_total',
    help: 'Deliveries after the first of an event.',
    type: 'counter',
    of: ({ redeliveries }) => redeliveries,
  },
  {
    name: 'mesh_dead_letters_total',
    help: 'Events that were given up.',
    type: 'counter',
    of: ({ deadLetters }) => deadLetters,
  },
  {
    name: 'mesh_repeats_total',
    help: 'Repeats by source and id that were dropped.',
    type: 'counter',
    of: ({ repeats }) => repeats,
  },
  {
    name: 'mesh_refused_total',
    help: 'Events that were refused: too many waited, or they could not be recorded.',
    type: 'counter',
    of: ({ refused }) => refused,
  },
]

/**
 * Registers the metrics of a mesh, read when they are scraped.
 *
 * @throws Error of prom-client when the registry has them already
 */
export function registerMesh(
  registry: Registry,
  readings: () => readonly MeshReading[],
  labelSetsMax: number,
): void {
  for (const metric of mesh) {
    registerCollected(registry, { ...metric, labelNames }, function* () {
      for (const { labels, child } of joined(metric, readings(), labelSetsMax).all())
        yield { labels, value: child.value ?? 0 }
    })
  }
}

interface Sum {
  value: number | null
}

function joined(
  { of, join = (one, other) => one + other }: MeshMetric,
  readings: readonly MeshReading[],
  max: number,
): LabelSets<Sum> {
  const closed = ['kind']
  const sets = new LabelSets<Sum>({ names: labelNames, closed, max, make: () => ({ value: null }) })
  for (const reading of readings) {
    const sum = sets.child(reading.kind, reading.name)
    const value = of(reading)
    sum.value = sum.value === null ? value : join(sum.value, value)
  }
  return sets
}
