import { systemClock } from '../src/core/clock.ts'
import { alternate } from './alternate.ts'
import { execute, fiveSteps, noopAgent, oneTenOne, withEngine } from './bench-engine.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { floor } from './floor.ts'
import { median } from './median.ts'

export interface LatencyOptions {
  readonly directory: string
  /** Executions of each round, one after the other. */
  readonly executions: number
}

interface Latency {
  readonly stepsPerSecond: number
  readonly totalMsP50: number
  readonly startToFirstStepMsP50: number
}

const budgetMs = 5_000
const warmUps = 20

/** W1 and W5: five-step executions, one at a time. */
export async function measureAlone(options: LatencyOptions): Promise<readonly BenchRow[]> {
  const { directory, executions } = options
  const rounds = await alternate(
    () => floor({ mode: 'alone', directory, executions }),
    () => runOneByOne(options, fiveSteps),
    { budgetMs },
  )
  const bare = rounds.map(([first]) => first)
  const ours = rounds.map(([, second]) => second)
  return [
    benchRow({
      workload: 'W1',
      metric: 'stepsPerSecond',
      value: median(ours.map((one) => one.stepsPerSecond)),
      unit: 'steps/s',
      floor: median(bare.map((one) => one.stepsPerSecond)),
    }),
    benchRow({
      workload: 'W5',
      metric: 'totalMsP50',
      value: median(ours.map((one) => one.totalMsP50)),
      unit: 'ms',
      floor: median(bare.map((one) => one.totalMsP50)),
    }),
    benchRow({
      workload: 'W5',
      metric: 'startToFirstStepMsP50',
      value: median(ours.map((one) => one.startToFirstStepMsP50)),
      unit: 'ms',
      floor: median(bare.map((one) => one.commitMsP50)),
    }),
  ]
}

/** W2: executions of 1 → 10 parallel → 1, one at a time. */
export async function measureFan(options: LatencyOptions): Promise<readonly BenchRow[]> {
  const { directory, executions } = options
  const rounds = await alternate(
    () => floor({ mode: 'fan', directory, executions }),
    () => runOneByOne(options, oneTenOne),
    { budgetMs },
  )
  return [
    benchRow({
      workload: 'W2',
      metric: 'totalMsP50',
      value: median(rounds.map(([, ours]) => ours.totalMsP50)),
      unit: 'ms',
      floor: median(rounds.map(([bare]) => bare.totalMsP50)),
    }),
  ]
}

function runOneByOne(
  { directory, executions }: LatencyOptions,
  workflow: typeof fiveSteps | typeof oneTenOne,
): Promise<Latency> {
  let firstCallMs: number | null = null
  const agent = noopAgent(() => {
    firstCallMs ??= systemClock.monotonicMs()
  })
  return withEngine({ directory, agent }, async ({ engine }) => {
    for (let i = 0; i < Math.min(warmUps, executions); i++) await execute(engine, workflow)
    const totalMs: number[] = []
    const startMs: number[] = []
    const beganMs = systemClock.monotonicMs()
    for (let i = 0; i < executions; i++) {
      firstCallMs = null
      const startedMs = systemClock.monotonicMs()
      await execute(engine, workflow)
      totalMs.push(systemClock.monotonicMs() - startedMs)
      startMs.push((firstCallMs ?? Infinity) - startedMs)
    }
    const elapsedMs = systemClock.monotonicMs() - beganMs
    const steps = executions * Object.keys(workflow.steps).length
    return {
      stepsPerSecond: (steps * 1_000) / elapsedMs,
      totalMsP50: median(totalMs),
      startToFirstStepMsP50: median(startMs),
    }
  })
}
