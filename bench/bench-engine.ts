import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Telemetry } from '../src/core/contracts/telemetry.ts'
import type { EmbeddedEngine } from '../src/engine/index.ts'
import { type BaseAgent, defineAgent, defineWorkflow, openEngine } from '../src/index.ts'
import type { WorkflowEngine } from '../src/index.ts'
import type { StepData, WorkflowData } from '../src/workflow/index.ts'

const noop = { agent: 'noop', action: 'run' } as const

/** W1: five no-op steps, one after the other. */
export const fiveSteps = defineWorkflow({
  name: 'five-steps',
  version: '1.0.0',
  steps: {
    one: noop,
    two: { ...noop, needs: ['one'] },
    three: { ...noop, needs: ['two'] },
    four: { ...noop, needs: ['three'] },
    five: { ...noop, needs: ['four'] },
  },
})

const middle = Array.from({ length: 10 }, (_, index) => `middle_${index}`)
const fan: Record<string, StepData> = {
  first: noop,
  ...Object.fromEntries(middle.map((id) => [id, { ...noop, needs: ['first'] }])),
  last: { ...noop, needs: middle },
}

/** W2: one no-op step, ten beside each other, one that needs them all. */
export const oneTenOne = defineWorkflow({ name: 'one-ten-one', version: '1.0.0', steps: fan })

/** The agent `noop`, whose asynchronous action does nothing but tell `onCall` when it is called. */
export function noopAgent(onCall: () => void = () => {}): BaseAgent {
  return defineAgent({
    type: 'noop',
    description: 'Does nothing',
    actions: {
      run: {
        effect: 'idempotent',
        run: async () => {
          onCall()
          return null
        },
      },
    },
  })
}

/** Runs one execution to its end. @throws Error unless it completed, since its time would mean nothing */
export async function execute(engine: WorkflowEngine, workflow: WorkflowData): Promise<void> {
  const { executionId, status, error } = await engine.executeWorkflow(workflow.name, workflow, {
    input: {},
  })
  if (status !== 'completed') throw new Error(`${executionId} is ${status}: ${error?.message}`)
}

export interface EngineUnderTest {
  readonly engine: EmbeddedEngine
  readonly file: string
}

export interface UnderTestOptions {
  /** Where the file's own directory is made. */
  readonly directory: string
  readonly agent?: BaseAgent
  /** Default silent. */
  readonly telemetry?: Telemetry
}

/** Opens an engine as a user does, durability and all, over a new file; closes it and removes the file. */
export async function withEngine<T>(
  options: UnderTestOptions,
  work: (test: EngineUnderTest) => Promise<T>,
): Promise<T> {
  const { directory, agent = noopAgent(), ...rest } = options
  const home = mkdtempSync(join(directory, 'engine-'))
  const file = join(home, 'aura.db')
  try {
    const engine = await openEngine({ db: file, agents: [agent], ...rest })
    try {
      return await work({ engine, file })
    } finally {
      await engine.close()
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
