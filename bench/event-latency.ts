import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { systemClock } from '../src/core/clock.ts'
import type { JsonObject } from '../src/core/json.ts'
import {
  defineAgent,
  defineWorkflow,
  EventDrivenSemanticOrchestrator,
  openEngine,
  OrchestratorAgent,
} from '../src/index.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { percentile } from './percentile.ts'

export interface EventLatencyOptions {
  readonly directory: string
  /** Anomalies of each kind, one after the other. */
  readonly events: number
}

const warmUps = 20
const workers = [{ id: 'worker', actions: ['decide'] }]

/** The second item starts when an anomaly lets two run at a time. */
const watched = defineWorkflow({
  name: 'watched',
  version: '1.0.0',
  adaptation: { maxParallel: 2 },
  steps: { each: { agent: 'worker', action: 'hold', forEach: '[0, 1]', maxParallel: 1 } },
})

/**
 * EV: an anomaly on the mesh, until the first step of the workflow that it starts, and until the first step that a
 * running workflow takes because it was adapted. On a file, every commit on disk.
 */
export async function measureEvents(options: EventLatencyOptions): Promise<readonly BenchRow[]> {
  const started = await timesOf(options, 'starts')
  const adapted = await timesOf(options, 'adapts')
  return [...rowsOf('startedStepMs', started), ...rowsOf('adaptedStepMs', adapted)]
}

function rowsOf(metric: string, times: readonly number[]): readonly BenchRow[] {
  const of = { workload: 'EV', unit: 'ms' }
  return [
    benchRow({ ...of, metric: `${metric}P50`, value: median(times) }),
    benchRow({ ...of, metric: `${metric}P99`, value: percentile(times, 0.99) }),
  ]
}

async function timesOf(
  { directory, events }: EventLatencyOptions,
  kind: 'starts' | 'adapts',
): Promise<readonly number[]> {
  const folder = mkdtempSync(join(directory, 'events-'))
  const stage = new Stage()
  const agent = new OrchestratorAgent()
  const engine = await openEngine({
    db: join(folder, 'aura.db'),
    agents: [stage.worker(), agent],
  })
  const mesh = new InProcessMesh({ clock: systemClock })
  const orchestrator = new EventDrivenSemanticOrchestrator({
    engine,
    agent,
    agents: () => workers,
  })
  const subscription = await orchestrator.attach(mesh)
  const times: number[] = []
  for (let number = 0; number < warmUps + events; number++) {
    const context: Record<string, string | JsonObject> = { summary: 'errors rise' }
    if (kind === 'adapts') {
      const begun = stage.nextCall()
      const executionId = await engine.startWorkflow('watched', watched)
      await begun
      Object.assign(context, { executionId, change: { maxParallel: 2 } })
    }
    const called = stage.nextCall()
    const startMs = systemClock.monotonicMs()
    await mesh.publish({
      id: `${kind}-${number}`,
      source: 'bench',
      type: 'tda_anomaly_detected',
      time: null,
      subject: null,
      data: { semanticContext: context, urgencyScore: 0.5, routingHints: [] },
    })
    await called
    if (number >= warmUps) times.push(systemClock.monotonicMs() - startMs)
    stage.release()
  }
  await subscription.stop()
  await mesh.close()
  await engine.close()
  rmSync(folder, { recursive: true })
  return times
}

/** The agent whose calls are timed; a held call ends with `release`. */
class Stage {
  #heard: (() => void) | null = null
  #held: (() => void)[] = []

  worker() {
    return defineAgent({
      type: 'worker',
      actions: {
        decide: { effect: 'read', run: async () => this.#called() },
        hold: {
          effect: 'read',
          run: async () => {
            this.#called()
            await new Promise<void>((resolve) => this.#held.push(resolve))
            return null
          },
        },
      },
    })
  }

  nextCall(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve
    })
  }

  release(): void {
    for (const end of this.#held.splice(0)) end()
  }

  #called(): null {
    this.#heard?.()
    this.#heard = null
    return null
  }
}
