import { systemClock } from '../src/core/clock.ts'
import type { WorkflowEngine } from '../src/index.ts'
import { execute, fiveSteps } from './bench-engine.ts'

export interface Load {
  /** `atOnce`: rounds, of which none starts before the last is done. `closedLoop`: each client starts its next. */
  readonly mode: 'atOnce' | 'closedLoop'
  readonly concurrency: number
  /** Executions in all. */
  readonly executions: number
}

/** Runs five-step executions under a load. @returns milliseconds from the first start to the last end */
export async function runLoad(engine: WorkflowEngine, load: Load): Promise<number> {
  const startedMs = systemClock.monotonicMs()
  await (load.mode === 'atOnce' ? runAtOnce(engine, load) : runClosedLoop(engine, load))
  return systemClock.monotonicMs() - startedMs
}

async function runAtOnce(engine: WorkflowEngine, { concurrency, executions }: Load): Promise<void> {
  for (let left = executions; left > 0; left -= concurrency) {
    const round = Array.from({ length: Math.min(left, concurrency) }, () =>
      execute(engine, fiveSteps),
    )
    await Promise.all(round)
  }
}

async function runClosedLoop(engine: WorkflowEngine, load: Load): Promise<void> {
  let left = load.executions
  const client = async (): Promise<void> => {
    while (left-- > 0) await execute(engine, fiveSteps)
  }
  await Promise.all(Array.from({ length: load.concurrency }, client))
}
