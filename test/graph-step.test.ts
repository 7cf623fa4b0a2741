import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Annotation,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AgentContext,
  defineAgent,
  openEngine,
  type OpenEngineOptions,
  type WorkflowData,
} from '../src/index.ts'
import { callAgent, defineGraph } from '../src/integrations/langgraph/index.ts'
import { openReader } from '../src/storage/index.ts'

let folder = ''
let engine: Awaited<ReturnType<typeof openEngine>>
let keys: string[] = []
let nodes: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graph-step-'))
  keys = []
  nodes = []
})
afterEach(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const state = Annotation.Root({
  amount: Annotation<number>,
  said: Annotation<unknown[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})
type Node = (given: typeof state.State, config: LangGraphRunnableConfig) => unknown

/** `first`, then `second`. */
function graphOf(first: Node, second: Node = () => ({})) {
  const noted = (name: string, node: Node) =>
    ((given, config) => {
      nodes.push(name)
      return node(given, config)
    }) as Node as never
  return new StateGraph(state)
    .addNode('first', noted('first', first))
    .addNode('second', noted('second', second))
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .addEdge('second', END)
    .compile()
}

const bank = (pay: (context: AgentContext) => unknown = () => 'paid') =>
  defineAgent({
    type: 'bank',
    actions: {
      pay: {
        effect: 'once',
        run: (_, context) => {
          keys.push(context.idempotencyKey)
          return pay(context)
        },
      },
      refund: { effect: 'idempotent', run: (input) => void keys.push(JSON.stringify(input)) },
    },
  })
const pays: Node = async (_, config) => ({
  said: [await callAgent(config, { agent: 'bank', action: 'pay', input: {} })],
})

const quick = { initialInterval: '1ms', jitter: 0 } as const
const document = (step: object = {}): WorkflowData => ({
  name: 'w',
  version: '1.0.0',
  steps: { book: { graph: 'booking', with: { amount: 5 }, retry: quick, ...step } },
})
const booking = (graph: ReturnType<typeof graphOf>) => defineGraph({ name: 'booking', graph })

async function open(agents: OpenEngineOptions['agents'], options: OpenEngineOptions = {}) {
  engine = await openEngine({ db: join(folder, 'a.db'), agents: agents ?? [], ...options })
  return engine
}

it('runs a graph, whose calls have the keys of the contract and happen once', async () => {
  await open([bank(), booking(graphOf(pays, pays))])
  const run = await engine.executeWorkflow('w', document(), { executionId: 'x' })
  expect(run).toMatchObject({
    status: 'completed',
    steps: { book: { output: { amount: 5, said: ['paid', 'paid'] } } },
  })
  expect(keys).toEqual(['x/book/1/c1', 'x/book/1/c2'])
})

it('is tried again where it failed: done nodes and calls are not repeated', async () => {
  let tries = 0
  const second: Node = async (given, config) => {
    const said = await pays(given, config)
    if (++tries < 3) throw new Error('not yet')
    return said
  }
  await open([bank(), booking(graphOf(pays, second))])
  const run = await engine.executeWorkflow('w', document(), { executionId: 'x' })
  expect(run.steps['book']).toMatchObject({ status: 'completed', attempts: 3 })
  expect(nodes).toEqual(['first', 'second', 'second', 'second'])
  expect(keys).toEqual(['x/book/1/c1', 'x/book/1/c2'])
})

it('an interrupt waits for its signal, also in another process, and goes on with the data', async () => {
  const asks: Node = () => ({ said: [interrupt({ signal: 'approval' })] })
  const agents = () => [bank(), booking(graphOf(pays, asks))]
  await open(agents())
  await engine.startWorkflow('w', document(), { executionId: 'x' })
  await expect.poll(async () => (await engine.getExecution('x')).status).toBe('waiting')
  await engine.close()
  await open(agents())
  const ending = engine.continueWorkflow('x')
  await engine.signal('x', 'approval', { ok: true })
  expect(await ending).toMatchObject({
    status: 'completed',
    steps: { book: { output: { said: ['paid', { ok: true }] } } },
  })
  expect(keys).toEqual(['x/book/1/c1'])
})

it('goes by forEach, fallback and compensate like a step with an agent', async () => {
  const fails: Node = () => {
    throw Object.assign(new Error('no'), { retryable: false })
  }
  const graphs = [booking(graphOf(pays)), defineGraph({ name: 'broken', graph: graphOf(fails) })]
  await open([bank(), ...graphs])
  const run = await engine.executeWorkflow(
    'w',
    {
      name: 'w',
      version: '1.0.0',
      onFailure: 'compensate',
      steps: {
        each: {
          graph: 'booking',
          forEach: '[1, 2]',
          maxParallel: 1,
          with: { amount: '${ item }' },
          compensate: {
            agent: 'bank',
            action: 'refund',
            with: { amount: '${ call.output.amount }' },
          },
        },
        other: {
          needs: ['each'],
          graph: 'broken',
          fallback: { agent: 'bank', action: 'pay' },
        },
        last: { needs: ['other'], graph: 'broken' },
      },
    },
    { executionId: 'x' },
  )
  expect(run).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('no') } })
  expect(run.steps['other']?.degraded).toMatchObject({ from: 'graph.broken.run', to: 'bank.pay' })
  expect(keys).toEqual([
    'x/each[0]/1/c1',
    'x/each[1]/1/c1',
    'x/other/1/f1',
    '{"amount":2}',
    '{"amount":1}',
  ])
})

describe('is ended from outside', () => {
  const hangs =
    (reached: () => void): Node =>
    async (_, config) => {
      reached()
      await new Promise((_resolve, reject) =>
        config.signal?.addEventListener('abort', () => reject(new Error('stopped'))),
      )
    }

  it('by a cancel, which reaches the call that it makes', async () => {
    const called = Promise.withResolvers<AbortSignal>()
    const slow = bank(({ signal }) => {
      called.resolve(signal)
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    })
    await open([slow, booking(graphOf(pays))])
    const ending = engine.executeWorkflow('w', document(), { executionId: 'x' })
    const signal = await called.promise
    await engine.cancelWorkflow('x')
    expect((await ending).status).toBe('cancelled')
    expect(signal.aborted).toBe(true)
    await expect
      .poll(async () => (await engine.getExecution('x.book.1.c1')).status)
      .toBe('cancelled')
    expect(engine.held).toEqual({ timers: 0, attempts: 0, slots: 0, executions: 0 })
  })

  it('by its timeout, and the next attempt goes on', async () => {
    let rounds = 0
    const second: Node = (given, config) =>
      ++rounds === 1 ? hangs(() => {})(given, config) : { said: ['late'] }
    await open([bank(), booking(graphOf(pays, second))])
    const run = await engine.executeWorkflow('w', document({ timeout: '300ms' }), {
      executionId: 'x',
    })
    expect(run.steps['book']).toMatchObject({
      status: 'completed',
      output: { said: ['paid', 'late'] },
    })
    expect(keys).toEqual(['x/book/1/c1'])
  })
})

it('a call of which nobody knows whether it happened makes the step uncertain until both are resolved', async () => {
  const lost = bank(() => {
    throw new Error('the line is dead')
  })
  await open([lost, booking(graphOf(pays))])
  const ending = engine.executeWorkflow('w', document(), { executionId: 'x' })
  const status = async (id: string, step: string) =>
    (await engine.getExecution(id)).steps[step]?.status
  await expect.poll(() => status('x', 'book')).toBe('uncertain')
  await engine.resolve('x', 'book', { kind: 'retry' })
  await expect.poll(() => status('x', 'book')).toBe('uncertain')
  await engine.resolve('x.book.1.c1', 'call', { kind: 'succeed', output: 'it was paid' })
  await engine.resolve('x', 'book', { kind: 'retry' })
  expect((await ending).steps['book']?.output).toMatchObject({ said: ['it was paid'] })
  expect(keys).toEqual(['x/book/1/c1'])
})

it('a rollback runs it anew under keys of its next run', async () => {
  await open([bank(), booking(graphOf(pays))])
  const steps = {
    ...document({ compensate: { agent: 'bank', action: 'refund' } }).steps,
    wait: { needs: ['book'], waitFor: { signal: 'go' } },
  }
  const ending = engine.executeWorkflow('w', { ...document(), steps }, { executionId: 'x' })
  await expect
    .poll(async () => (await engine.getExecution('x')).steps['book']?.status)
    .toBe('completed')
  await engine.rollback('x', 'start')
  await engine.signal('x', 'go', null)
  expect((await ending).status).toBe('completed')
  expect(keys.filter((key) => key.startsWith('x/'))).toEqual(['x/book/1/c1', 'x/book/2/c1'])
})

it('its threads go with the execution', async () => {
  await open([bank(), booking(graphOf(pays))], { retention: { days: 0 } })
  for (const executionId of ['x', 'x-2', 'x0'])
    await engine.executeWorkflow('w', document(), { executionId })
  engine.recoverAll() // looks at what is too old; what has the newest row stays
  const reader = openReader(join(folder, 'a.db'))
  const threads = (): unknown[] =>
    reader
      .prepare(
        'SELECT DISTINCT thread_id AS id FROM graph_threads JOIN graph_records USING (thread)',
      )
      .all()
      .map(({ id }) => id)
  await expect.poll(threads).toEqual(['x0/book/1'])
  reader.close()
})

it('a graph that is not compiled, and an engine without a file, are told so', async () => {
  const builder = new StateGraph(state).addNode('a', () => ({})).addEdge(START, 'a')
  expect(() => defineGraph({ name: 'g', graph: builder as never })).toThrow(/compile/)
  expect(() => defineGraph({ name: 'no name', graph: graphOf(pays) })).toThrow(/graph.no name/)
  engine = await openEngine({ agents: [booking(graphOf(pays))] })
  const run = await engine.executeWorkflow('w', document({ retry: { maxAttempts: 1 } }))
  expect(run.error).toMatchObject({
    code: 'AgentUnavailableError',
    message: expect.stringContaining('keeps its threads in a file'),
  })
})

it('has a store that remembers from execution to execution, as the memory of its agent', async () => {
  const remembers: Node = async (_, { store }) => {
    const seen = (await store?.get(['runs'], 'count'))?.value['n'] ?? 0
    await store?.put(['runs'], 'count', { n: Number(seen) + 1 })
    return { said: [seen] }
  }
  await open([bank(), booking(graphOf(remembers))])
  const said: unknown[] = []
  for (const executionId of ['x', 'y']) {
    const run = await engine.executeWorkflow('w', document(), { executionId })
    said.push(run.steps['book']?.output)
  }
  expect(said).toMatchObject([{ said: [0] }, { said: [1] }])
  const space = { owner: 'graph.booking', namespace: 'runs' }
  expect(engine.memories.get(space, 'count')?.value).toEqual({ n: 2 })
})
