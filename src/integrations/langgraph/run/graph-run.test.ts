import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Annotation,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  Send,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallOutcome } from '../../../agents/index.ts'
import type { JsonValue } from '../../../core/json.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { callAgent, type GraphCall } from './graph-calls.ts'
import { runGraph, type RunGraphOptions } from './graph-run.ts'

let directory = ''
let database: Database
let saver: AuraCheckpointSaver
let made: GraphCall[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graph-run-'))
  database = Database.open({ path: join(directory, 'aura.db'), durability: 'normal' })
  saver = new AuraCheckpointSaver({ database })
  made = []
})
afterEach(() => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

const state = Annotation.Root({
  given: Annotation<JsonValue>,
  said: Annotation<JsonValue[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})
type Node = (given: typeof state.State, config: LangGraphRunnableConfig) => unknown

function oneNode(node: Node) {
  return new StateGraph(state)
    .addNode('only', node as never)
    .addEdge(START, 'only')
    .addEdge('only', END)
    .compile()
}

function run(node: Node, options: Partial<RunGraphOptions> = {}) {
  const call = (asked: GraphCall): Promise<CallOutcome> => {
    made.push(asked)
    return Promise.resolve({ kind: 'completed', output: `answer ${made.length}` })
  }
  return runGraph({
    graph: oneNode(node),
    key: 'e/s/1',
    input: { given: 1 },
    saver,
    call,
    ...options,
  })
}

const request = { agent: 'a', action: 'b', input: null }

describe('an agent that is suspended in a node', () => {
  it('suspends the run, and is called again with the data, each time under its key', async () => {
    const call = (asked: GraphCall): Promise<CallOutcome> => {
      made.push(asked)
      const round = made.length
      return Promise.resolve(
        round === 2 || round === 3
          ? { kind: 'suspended', signal: `signal-${round}`, schema: null, resumeToken: round }
          : { kind: 'completed', output: `call ${round}` },
      )
    }
    const node: Node = async (_, config) => ({
      said: [await callAgent(config, request), await callAgent(config, request)],
    })
    const first = await run(node, { call })
    expect(first).toMatchObject({ kind: 'suspended', signal: 'signal-2' })
    const recorded = recording(call)
    const second = await run(node, { call: recorded, resumed: answer(first, 'one') })
    expect(second).toMatchObject({ kind: 'suspended', signal: 'signal-3' })
    const last = await run(node, { call: recorded, resumed: answer(second, 'two') })
    expect(last).toMatchObject({ kind: 'completed', output: { said: ['call 1', 'call 4'] } })
    expect(made.map(({ key, resumed }) => [key, resumed?.data ?? null])).toEqual([
      ['e/s/1/c1', null],
      ['e/s/1/c2', null],
      ['e/s/1/c2', 'one'],
      ['e/s/1/c2', 'two'],
    ])
  })
})

/** As the engine does: the first call has ended, and its outcome is given from the journal. */
function recording(call: (asked: GraphCall) => Promise<CallOutcome>) {
  return (asked: GraphCall): Promise<CallOutcome> =>
    asked.key.endsWith('c1')
      ? Promise.resolve({ kind: 'completed', output: 'call 1' })
      : call(asked)
}

function answer(outcome: CallOutcome, data: JsonValue) {
  return { data, resumeToken: outcome.kind === 'suspended' ? outcome.resumeToken : null }
}

it('several pending interrupts are answered one at a time', async () => {
  const graph = new StateGraph(state)
    .addNode('ask', (({ given }: { given: string }) => ({
      said: [`${given}: ${interrupt({ signal: `ask-${given}` })}`],
    })) as never)
    .addConditionalEdges(START, () => ['x', 'y'].map((given) => new Send('ask', { given })), [
      'ask',
    ])
    .addEdge('ask', END)
    .compile()
  const first = await run(() => ({}), { graph })
  expect(first).toMatchObject({ signal: 'ask-x' })
  const second = await run(() => ({}), { graph, resumed: answer(first, 1) })
  expect(second).toMatchObject({ signal: 'ask-y' })
  const last = await run(() => ({}), { graph, resumed: answer(second, 2) })
  expect(last).toMatchObject({ kind: 'completed', output: { said: ['x: 1', 'y: 2'] } })
})

it('a node that is tried again in the same process keeps the keys of its calls', async () => {
  let tries = 0
  const graph = new StateGraph(state)
    .addNode(
      'only',
      (async (_: unknown, config: LangGraphRunnableConfig) => {
        const said = [await callAgent(config, request)]
        tries++
        if (tries < 3) throw new Error('not yet')
        return { said }
      }) as never,
      {
        retryPolicy: {
          maxAttempts: 3,
          initialInterval: 1,
          maxInterval: 1,
          logWarning: false,
          retryOn: () => true,
        },
      },
    )
    .addEdge(START, 'only')
    .addEdge('only', END)
    .compile()
  const outcome = await run(() => ({}), { graph })
  expect(outcome.kind).toBe('completed')
  expect(new Set(made.map(({ key }) => key))).toEqual(new Set(['e/s/1/c1']))
})

it('what is streamed is told in the modes that were asked for', async () => {
  const chunks: unknown[] = []
  const onChunk = (...chunk: unknown[]): number => chunks.push(chunk)
  await run(
    (_, config) => {
      config.writer?.('half')
      return { said: ['x'] }
    },
    { streamModes: ['updates', 'custom'], onChunk },
  )
  expect(chunks).toEqual([
    ['custom', 'half'],
    ['updates', { only: { said: ['x'] } }],
  ])
})

describe('a run fails as an outcome', () => {
  const loops = (): ReturnType<typeof oneNode> =>
    new StateGraph(state)
      .addNode('only', () => ({ said: [1] }))
      .addEdge(START, 'only')
      .addEdge('only', 'only')
      .compile() as never

  it('at its bound of supersteps', async () => {
    const outcome = await run(() => ({}), { graph: loops(), maxSupersteps: 7 })
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'RepeatLimitError', message: expect.stringContaining('7 supersteps') },
    })
  })

  it('with what a node throws, and goes on where it failed when it is called again', async () => {
    let fails = true
    const node: Node = async (_, config) => {
      const said = [await callAgent(config, request)]
      if (fails) throw Object.assign(new Error('broken'), { retryable: false })
      return { said }
    }
    const failed = await run(node)
    expect(failed).toMatchObject({ kind: 'failed', error: { message: 'broken', retryable: false } })
    fails = false
    expect(await run(node)).toMatchObject({ kind: 'completed' })
    expect(made.map(({ key }) => key)).toEqual(['e/s/1/c1', 'e/s/1/c1'])
  })

  it('with the error of a call, and as unknown when nobody knows whether it happened', async () => {
    const error = { code: 'AgentError', message: 'no', retryable: false, hint: null, details: null }
    for (const kind of ['failed', 'unknown'] as const) {
      const call = (): Promise<CallOutcome> => Promise.resolve({ kind, error })
      const key = `e/${kind}/1`
      const outcome = await run((_, config) => callAgent(config, request), { call, key })
      expect(outcome).toMatchObject({ kind, error: { message: expect.stringContaining('no') } })
    }
  })

  it('when it is aborted', async () => {
    const controller = new AbortController()
    const call = (): Promise<CallOutcome> => {
      controller.abort(new Error('enough'))
      return new Promise(() => {})
    }
    const { signal } = controller
    const outcome = await run((_, config) => callAgent(config, request), { call, signal })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'WorkflowCancelledError' } })
  })

  it('when its checkpoint was altered', async () => {
    await run(() => ({ said: [interrupt('?')] }))
    database.prepare("UPDATE graph_records SET payload = '{}' WHERE task_id = ''").run()
    expect(await run(() => ({}))).toMatchObject({ error: { code: 'StateConsistencyError' } })
  })

  it('when its output is no JSON', async () => {
    const outcome = await run(() => ({ given: 1n }))
    expect(outcome).toMatchObject({ kind: 'failed' })
  })
})

it('a node outside of a run of Aura is told so', async () => {
  const graph = oneNode((_, config) => callAgent(config, request))
  await expect(graph.invoke({ given: 1 })).rejects.toMatchObject({ code: 'UsageError' })
})
