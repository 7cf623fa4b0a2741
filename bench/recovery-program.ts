import { type BaseAgent, defineAgent, openEngine } from '../src/index.ts'
import { fiveSteps } from './bench-engine.ts'

/** What the program tells once it has recovered. */
export interface RecoveryFigures {
  readonly recoveryMs: number
}

/**
 * `node recovery-program.ts build|recover FILE COUNT`. `build` starts COUNT five-step executions whose third
 * call never ends, tells so when all of those calls are under way, and waits to be killed. `recover` opens
 * the file, takes up all that is in it with agents that answer, and tells how long it was from the opening
 * until each execution's third call had been made again.
 */
const [mode = '', file = '', count = ''] = process.argv.slice(2)
const executions = Number(count)
const wave = 1_000
console.log(JSON.stringify(mode === 'build' ? await build() : await recover()))

async function build(): Promise<null> {
  const { agent, allCalled } = watchedAgent(() => new Promise(() => {}))
  const engine = await openEngine({ db: file, agents: [agent] })
  for (let started = 0; started < executions; started += wave) {
    const starts = Array.from({ length: Math.min(wave, executions - started) }, () =>
      engine.startWorkflow(fiveSteps.name, fiveSteps),
    )
    await Promise.all(starts)
  }
  await allCalled
  setInterval(() => {}, 60_000)
  return null
}

async function recover(): Promise<RecoveryFigures> {
  const { agent, allCalled } = watchedAgent(async () => null)
  const startedMs = performance.now()
  const engine = await openEngine({ db: file, agents: [agent] })
  engine.recoverAll()
  await allCalled
  return { recoveryMs: performance.now() - startedMs }
}

/** The agent `noop` with a third call as given, and when that was made in every execution. */
function watchedAgent(third: () => Promise<null>): {
  readonly agent: BaseAgent
  readonly allCalled: Promise<void>
} {
  const { promise: allCalled, resolve } = Promise.withResolvers<void>()
  const called = new Set<string>()
  const agent = defineAgent({
    type: 'noop',
    description: 'Does nothing',
    config: { resourceLimits: { maxConcurrent: executions } },
    actions: {
      run: {
        effect: 'idempotent',
        run: async (_input, { executionId, stepId }) => {
          if (stepId !== 'three') return null
          if (called.add(executionId).size === executions) resolve()
          return third()
        },
      },
    },
  })
  return { agent, allCalled }
}
