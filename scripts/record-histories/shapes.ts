import { type BaseAgent, defineAgent, suspend, type WorkflowData } from '../../src/index.ts'
import type { TemporalEngine } from '../../src/integrations/temporal/index.ts'

/** One kind of execution that is recorded. */
interface Shape {
  readonly document: WorkflowData
  readonly input?: { readonly [name: string]: number }
  /** What is done to it while it goes on. */
  readonly steer?: (engine: TemporalEngine, id: string) => Promise<void>
}

const read = (more: object = {}): object => ({ agent: 'worker', action: 'read', ...more })
const undo = { agent: 'worker', action: 'undo', with: { severity: '${ tda.anomalySeverity }' } }
const quick = { maxAttempts: 3, initialInterval: '10ms' }

function shape(name: string, steps: object, more: object = {}): WorkflowData {
  return { name, version: '1.0.0', steps, ...more } as unknown as WorkflowData
}

async function reaches(
  engine: TemporalEngine,
  id: string,
  step: string,
  status: string,
): Promise<void> {
  for (;;) {
    const { steps } = await engine.getExecution(id)
    if (steps[step]?.status === status) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Bounds what is called by name `each` and asks before `gated`, while an anomaly is in force. */
export const policyText = `
name: recorded
version: 1.0.0
rules:
  - { id: few, when: "tda.anomalySeverity > 0.8 && step.id == 'bounded'", then: { maxParallel: 1 } }
  - { id: ask, when: "tda.anomalySeverity > 0.8 && step.id == 'gated'", then: { approval: { signal: agreed } } }
`

/** The kinds of executions by the names of their files. */
export const shapes: Readonly<Record<string, Shape>> = {
  chain: {
    document: shape('chain', {
      first: read({ with: { n: '${ input.n }' } }),
      second: read({ needs: ['first'], with: { n: '${ steps.first.output.n + 1 }' } }),
    }),
    input: { n: 1 },
  },
  retries: {
    document: shape('retries', {
      flaky: { agent: 'worker', action: 'flaky', retry: quick },
      last: {
        agent: 'worker',
        action: 'fails',
        retry: quick,
        fallback: [{ agent: 'other', action: 'read' }],
      },
    }),
  },
  'for-each': {
    document: shape('for-each', {
      each: read({ forEach: '[1, 2, 3, 4, 5]', maxParallel: 2, with: { n: '${ item }' } }),
      bounded: read({ needs: ['each'], forEach: '[1, 2, 3]', with: { n: '${ index }' } }),
    }),
  },
  consensus: {
    document: shape('consensus', {
      vote: { pattern: 'consensus', agents: ['worker', 'other'], action: 'vote', with: {} },
      line: {
        pattern: 'pipeline',
        agents: ['worker', 'other'],
        action: 'read',
        needs: ['vote'],
        with: { n: 1 },
      },
    }),
  },
  waits: {
    document: shape('waits', {
      nap: { sleep: '50ms' },
      gate: { waitFor: { signal: 'go' }, needs: ['nap'] },
      asks: { agent: 'worker', action: 'asks', needs: ['gate'] },
      poll: {
        agent: 'worker',
        action: 'counts',
        needs: ['asks'],
        repeat: { until: 'output.n > 0', maxTimes: 3, delay: '10ms' },
      },
    }),
    async steer(engine, id) {
      await engine.signal(id, 'answer', { early: true })
      await reaches(engine, id, 'gate', 'waiting')
      await engine.pauseWorkflow(id)
      await engine.resumeWorkflow(id)
      await engine.signal(id, 'go', 1)
    },
  },
  approval: {
    document: shape('approval', { gated: read() }),
    async steer(engine, id) {
      await reaches(engine, id, 'gated', 'waiting')
      await engine.signal(id, 'agreed', null)
    },
  },
  compensation: {
    document: shape(
      'compensation',
      {
        a: { agent: 'worker', action: 'write', compensate: undo },
        b: { agent: 'worker', action: 'write', needs: ['a'], compensate: undo },
        down: { agent: 'worker', action: 'fails', needs: ['b'], retry: { maxAttempts: 1 } },
      },
      { onFailure: 'compensate' },
    ),
  },
  cancelled: {
    document: shape('cancelled', {
      first: read(),
      gate: { waitFor: { signal: 'never' }, needs: ['first'] },
    }),
    async steer(engine, id) {
      await reaches(engine, id, 'gate', 'waiting')
      await engine.cancelWorkflow(id)
    },
  },
  uncertain: {
    document: shape('uncertain', { pays: { agent: 'worker', action: 'pays' } }),
    async steer(engine, id) {
      await reaches(engine, id, 'pays', 'uncertain')
      await engine.resolve(id, 'pays', { kind: 'succeed', output: 'paid' })
    },
  },
  'timed-out': {
    document: shape('timed-out', { gate: { waitFor: { signal: 'never' } } }, { timeout: '300ms' }),
  },
}

const run = async (input: unknown): Promise<unknown> => input
const fails = async (): Promise<never> => {
  throw new Error('it fails')
}

/** Who is called by the shapes. */
export function agents(): readonly BaseAgent[] {
  const vote = { effect: 'read', run: async () => ({ choice: 'yes', confidence: 1 }) } as const
  return [
    defineAgent({
      type: 'worker',
      actions: {
        read: { effect: 'read', run },
        write: { effect: 'idempotent', run },
        undo: { effect: 'idempotent', run },
        fails: { effect: 'read', run: fails },
        pays: { effect: 'once', run: fails },
        vote,
        counts: { effect: 'read', run: async (_, { attempt }) => ({ n: attempt }) },
        flaky: {
          effect: 'read',
          run: async (_, { attempt }) => (attempt < 2 ? fails() : { attempt }),
        },
        asks: {
          effect: 'read',
          run: async (_, { resumed }) => resumed?.data ?? suspend({ signal: 'answer' }),
        },
      },
    }),
    defineAgent({ type: 'other', actions: { read: { effect: 'read', run }, vote } }),
  ]
}
