import { type BenchRow } from './bench-row.ts'
import { measureCheckpointer } from './checkpointer.ts'
import { measureEvents } from './event-latency.ts'
import { floor } from './floor.ts'
import { measureFullFile } from './full-file-throughput.ts'
import { measureAlone, measureFan } from './latency.ts'
import { measureGrowth, measureParked } from './memory.ts'
import { measureRecall } from './recall.ts'
import { measureRequests } from './mesh-requests.ts'
import { measureQueue } from './queue-throughput.ts'
import { measurePatternCost } from './pattern-cost.ts'
import { measureRedisState } from './redis-state.ts'
import { measureRecovery } from './recovery.ts'
import { measureSize } from './size.ts'
import { measureState } from './state-latency.ts'
import { measureTelemetryCost } from './telemetry-cost.ts'
import { measureThroughput } from './throughput.ts'

/** What all measurements of one run share. */
export interface BenchRun {
  /** Where every file of the run is made, the floor's and the engine's. */
  readonly directory: string
  /** Median time of one bare commit on this disk, which decides how much is measured in a round. */
  readonly commitMs: number
}

interface Group {
  readonly workloads: readonly string[]
  readonly measure: (run: BenchRun) => Promise<readonly BenchRow[]>
}

/** Workloads measured together, in the order of the report. */
const groups: readonly Group[] = [
  {
    workloads: ['W1', 'W5'],
    measure: ({ directory, commitMs }) =>
      measureAlone({ directory, executions: between(20, 150 / (6 * commitMs), 200) }),
  },
  {
    workloads: ['W2'],
    measure: ({ directory, commitMs }) =>
      measureFan({ directory, executions: between(20, 150 / (4 * commitMs), 200) }),
  },
  {
    workloads: ['W3'],
    measure: ({ directory }) =>
      measureThroughput({
        workload: 'W3',
        directory,
        load: { mode: 'atOnce', concurrency: 1_000, executions: 10_000 },
      }),
  },
  {
    workloads: ['W3c64'],
    measure: ({ directory, commitMs }) =>
      measureThroughput({
        workload: 'W3c64',
        directory,
        load: {
          mode: 'closedLoop',
          concurrency: 64,
          executions: 64 * between(10, 200 / (6 * commitMs), 60),
        },
      }),
  },
  { workloads: ['W3'], measure: ({ directory }) => measureSize(directory) },
  { workloads: ['W3'], measure: ({ directory }) => measureTelemetryCost(directory) },
  {
    workloads: ['W4'],
    measure: ({ directory }) =>
      measureParked({ directory, executions: 100_000, idleMs: 10_000, rounds: 3 }),
  },
  { workloads: ['W6'], measure: ({ directory }) => measureState(directory) },
  {
    workloads: ['W7'],
    measure: ({ directory }) => measureRecovery({ directory, executions: 10_000, rounds: 3 }),
  },
  {
    workloads: ['W8'],
    measure: ({ directory }) => measureFullFile({ directory, executions: 1_000_000 }),
  },
  {
    workloads: ['W9'],
    measure: ({ directory }) => measureGrowth({ directory, executions: 10_000, rounds: 3 }),
  },
  { workloads: ['W10'], measure: () => measureRequests() },
  { workloads: ['W11'], measure: ({ directory }) => measureQueue(directory) },
  { workloads: ['W12'], measure: ({ directory }) => measurePatternCost(directory) },
  { workloads: ['EV'], measure: ({ directory }) => measureEvents({ directory, events: 500 }) },
  { workloads: ['LG'], measure: ({ directory }) => measureCheckpointer(directory) },
  { workloads: ['RD'], measure: () => measureRedisState() },
  { workloads: ['MEM'], measure: ({ directory }) => measureRecall(directory) },
]

/** Names that `--only` takes, in the order of the report. */
export const workloads: readonly string[] = [
  'W1',
  'W2',
  'W3',
  'W3c64',
  'W4',
  'W5',
  'W6',
  'W7',
  'W8',
  'W9',
  'W10',
  'W11',
  'W12',
  'EV',
  'LG',
  'RD',
  'MEM',
]

/** What is measured when nothing is named: it ends within a minute on two cores. */
export const usualWorkloads: readonly string[] = ['W1', 'W2', 'W3', 'W3c64', 'W5', 'W6']

/** Measures the named workloads one after the other; `onGroup` is told before each group. */
export async function measure(
  directory: string,
  names: readonly string[],
  onGroup: (workloads: readonly string[]) => void,
): Promise<readonly BenchRow[]> {
  const { commitMsP50 } = await floor({ mode: 'alone', directory, executions: 30 })
  const rows: BenchRow[] = []
  for (const group of groups) {
    const asked = group.workloads.filter((name) => names.includes(name))
    if (asked.length === 0) continue
    onGroup(asked)
    const measured = await group.measure({ directory, commitMs: commitMsP50 })
    rows.push(...measured.filter((row) => asked.includes(row.workload)))
  }
  return rows.toSorted((a, b) => workloads.indexOf(a.workload) - workloads.indexOf(b.workload))
}

function between(min: number, value: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value)))
}
