import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgentRegistry, defineAgent, suspend } from '../../../agents/index.ts'
import { systemClock } from '../../../core/clock.ts'
import type { CloudEvent } from '../../../core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../../../core/contracts/tda.ts'
import { systemRandom } from '../../../core/random.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import { InProcessMesh } from '../../../mesh/index.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import type { AgentEdge, AgentNode } from './agent-graph.ts'
import { LangGraphOrchestrator, type LangGraphOrchestratorOptions } from './orchestrator.ts'

interface Heard {
  readonly action: string
  readonly input: JsonValue
  readonly key: string
}

let directory = ''
let database: Database
let saver: AuraCheckpointSaver
let agents: AgentRegistry
let heard: Heard[] = []
let answers: Record<string, (input: JsonObject, times: number) => unknown> = {}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'agent-graph-'))
  database = Database.open({ path: join(directory, 'aura.db'), durability: 'normal' })
  saver = new AuraCheckpointSaver({ database })
  heard = []
  answers = {}
  agents = new AgentRegistry()
  agents.register(worker('worker', ['work', 'check', 'mend']))
  agents.register(worker('single', ['only']))
  await agents.start()
})
afterEach(async () => {
  await agents.close(0)
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Answers `{ [action]: times }`, or what the test has put into `answers`. */
function worker(type: string, actions: readonly string[]) {
  const times = new Map<string, number>()
  const action = (name: string) => ({
    effect: 'once' as const,
    run: async (input: unknown, ctx: { idempotencyKey: string; resumed: unknown }) => {
      const count = (times.get(name) ?? 0) + 1
      times.set(name, count)
      heard.push({ action: name, input: input as JsonValue, key: ctx.idempotencyKey })
      if (ctx.resumed !== null) return { resumed: (ctx.resumed as { data: JsonValue }).data }
      return answers[name] === undefined
        ? { [name]: count }
        : answers[name](input as JsonObject, count)
    },
  })
  return defineAgent({
    type,
    description: 'Works',
    capabilities: [],
    actions: Object.fromEntries(actions.map((name) => [name, action(name)])),
  })
}

function orchestrator(options: Partial<LangGraphOrchestratorOptions> = {}): LangGraphOrchestrator {
  return new LangGraphOrchestrator({ agents, saver, ...options })
}

const node = (nodeId: string, more: Partial<AgentNode> = {}): AgentNode => ({
  nodeId,
  agentType: 'worker',
  action: 'work',
  ...more,
})
const way = (fromNode: string, toNode: string, more: Partial<AgentEdge> = {}): AgentEdge => ({
  fromNode,
  toNode,
  ...more,
})
const run = { runId: 'run-1' }

describe('a graph of agents', () => {
  it('calls them along its edges, with what the state has and under keys in order', async () => {
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph(
      [
        node('first'),
        node('second', { action: 'check' }),
        node('third', { agentType: 'single', action: undefined as never }),
      ],
      [way('first', 'second'), way('second', 'third')],
      { graphId: 'line' },
    )
    const view = await graphs.executeGraph(id, { given: 1 }, run)
    expect(view).toMatchObject({ status: 'completed', topology: 1, error: null, waitsFor: null })
    expect(view.state?.data).toEqual({ given: 1, work: 1, check: 1, only: 1 })
    expect(view.state?.visits).toEqual({ first: 1, second: 1, third: 1 })
    expect(heard.map(({ key, input }) => [key, input])).toEqual([
      ['line/run-1/c1', { given: 1 }],
      ['line/run-1/c2', { given: 1, work: 1 }],
      ['line/run-1/c3', { given: 1, work: 1, check: 1 }],
    ])
    // The same run again answers what it answered.
    expect(await graphs.executeGraph(id, { given: 2 }, run)).toEqual(view)
    expect(heard).toHaveLength(3)
  })

  it('asks conditions and transforms with the state and the TDA context', async () => {
    let severity = 0.9
    const current = (): TdaContext => ({
      ...unavailableTda,
      available: true,
      anomalySeverity: severity,
    })
    const graphs = orchestrator({ tda: { current, onChange: () => () => {} } })
    const id = await graphs.createAgentGraph(
      [node('first'), node('calm', { action: 'check' }), node('alarm', { action: 'mend' })],
      [
        way('first', 'calm', { condition: (_, tda) => tda.anomalySeverity < 0.5 }),
        way('first', 'alarm', {
          condition: (state, tda) => state.data['work'] !== null && tda.anomalySeverity >= 0.5,
          transform: (state, tda) => ({
            was: state.outputs['first'] ?? null,
            at: tda.anomalySeverity,
          }),
        }),
      ],
    )
    await graphs.executeGraph(id, {}, run)
    severity = 0.1
    await graphs.executeGraph(id, {}, { runId: 'run-2' })
    expect(heard.map(({ action }) => action)).toEqual(['work', 'mend', 'work', 'check'])
    expect(heard[1]?.input).toEqual({ was: { work: 1 }, at: 0.9 })
  })

  it('goes round until a condition says otherwise, and no further than its bound', async () => {
    const graphs = orchestrator()
    const round = (more: (times: number) => boolean) => [
      way('loop', 'loop', { condition: (state) => more(Number(state.visits['loop'])) }),
    ]
    const five = await graphs.createAgentGraph(
      [node('loop')],
      round((times) => times < 5),
    )
    const view = await graphs.executeGraph(five, {}, run)
    expect(view.state?.visits).toEqual({ loop: 5 })
    const endless = await graphs.createAgentGraph(
      [node('loop')],
      round(() => true),
      { graphId: 'x' },
    )
    const failed = await graphs.executeGraph(endless, {}, { ...run, maxSupersteps: 8 })
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'RepeatLimitError' } })
    expect(heard).toHaveLength(5 + 8)
  })

  it('sends each item to a run of the target, no more of them at once than the node allows', async () => {
    let running = 0
    let most = 0
    answers['check'] = async (input) => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => systemClock.after(5, resolve))
      running--
      return { [`item${Number(input['n'])}`]: input['n'] }
    }
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph(
      [
        node('split'),
        node('each', { action: 'check', agentConfig: { resourceLimits: { maxConcurrent: 2 } } }),
        node('join', { action: 'mend' }),
      ],
      [way('split', 'each', { send: () => [1, 2, 3, 4].map((n) => ({ n })) }), way('each', 'join')],
    )
    const view = await graphs.executeGraph(id, {}, run)
    expect(view.state?.data).toMatchObject({ item1: 1, item2: 2, item3: 3, item4: 4 })
    expect(view.state?.visits).toEqual({ split: 1, each: 4, join: 1 })
    expect(most).toBe(2)
  })

  it('enforces the schemas of every node', async () => {
    const graphs = orchestrator()
    const inputSchema = {
      type: 'object',
      required: ['n'],
      properties: { n: { type: 'number' }, d: { default: 7 } },
    }
    const id = await graphs.createAgentGraph(
      [
        node('in', { inputSchema }),
        node('out', { action: 'check', outputSchema: { type: 'string' } }),
      ],
      [way('in', 'out')],
    )
    const refused = await graphs.executeGraph(id, { n: 'x' }, run)
    expect(refused.error).toMatchObject({
      code: 'AgentInputError',
      message: expect.stringContaining("node 'in'"),
    })
    expect(heard).toEqual([])
    const bad = await graphs.executeGraph(id, { n: 1 }, { runId: 'run-2' })
    expect(heard[0]?.input).toEqual({ n: 1, d: 7 })
    expect(bad.error).toMatchObject({
      code: 'AgentOutputError',
      message: expect.stringContaining("node 'out'"),
    })
  })

  it('waits for the signal that an agent asks for', async () => {
    answers['work'] = () => suspend({ signal: 'approval' })
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph([node('ask')], [])
    const waiting = await graphs.executeGraph(id, {}, run)
    expect(waiting).toMatchObject({ status: 'waiting', waitsFor: { signal: 'approval' } })
    const { resumeToken = null } = waiting.waitsFor ?? {}
    const view = await graphs.executeGraph(
      id,
      {},
      { ...run, resumed: { data: 'yes', resumeToken } },
    )
    expect(view).toMatchObject({ status: 'completed', state: { data: { resumed: 'yes' } } })
  })

  it('bounds a call by the timeout of its node', async () => {
    answers['work'] = () => new Promise(() => {})
    const agentConfig = { resourceLimits: { timeoutMs: 20 } }
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph([node('slow', { agentConfig })], [])
    const view = await graphs.executeGraph(id, {}, run)
    // Its effect is `once`: nobody knows what became of it.
    expect(view).toMatchObject({ status: 'failed', error: { code: 'UnknownOutcomeError' } })
  })

  it('streams, and publishes each message between nodes when it is asked to', async () => {
    const mesh = new InProcessMesh({ clock: systemClock, random: systemRandom } as never)
    const messages: CloudEvent[] = []
    await mesh.subscribe('aura.graph.message', (event) => {
      messages.push(event)
      return Promise.resolve()
    })
    const graphs = orchestrator({ mesh })
    const id = await graphs.createAgentGraph(
      [node('a'), node('b', { action: 'check' })],
      [way('a', 'b', { transform: () => ({ hello: 'b' }) })],
      { graphId: 'talk', messages: true },
    )
    const chunks: unknown[] = []
    const onChunk = (_: string, chunk: unknown): number =>
      chunks.push(Object.keys(chunk as object)[0])
    await graphs.executeGraph(id, {}, { ...run, streamModes: ['updates'], onChunk })
    await mesh.drain()
    expect(chunks).toEqual(['__route__', 'a', 'b'])
    expect(messages.map(({ subject, data }) => [subject, (data as JsonObject)['input']])).toEqual([
      ['a', null],
      ['b', { hello: 'b' }],
    ])
    await mesh.close()
  })
})

describe('a live graph', () => {
  it('gets another route for runs that begin later; one that waits keeps its own', async () => {
    answers['work'] = () => suspend({ signal: 'go' })
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph(
      [node('ask'), node('old', { action: 'check' }), node('new', { action: 'mend' })],
      [way('ask', 'old'), way('ask', 'new', { condition: () => false })],
    )
    const waiting = await graphs.executeGraph(id, {}, run)
    expect(
      await graphs.addConditionalRouting(id, {
        ask: [
          { toNode: 'new', condition: (state) => state.data['resumed'] === 'go on' },
          { toNode: 'old', condition: () => false },
        ],
      }),
    ).toBe(true)
    const resumed = { data: 'go on', resumeToken: waiting.waitsFor?.resumeToken ?? null }
    const first = await graphs.executeGraph(id, {}, { ...run, resumed })
    expect(first.topology).toBe(1)
    expect(first.state?.visits).toEqual({ ask: 1, old: 1 })
    const later = await graphs.executeGraph(id, {}, { runId: 'run-2' })
    const token = later.waitsFor?.resumeToken ?? null
    const second = await graphs.executeGraph(
      id,
      {},
      { runId: 'run-2', resumed: { data: 'go on', resumeToken: token } },
    )
    expect(second.topology).toBe(2)
    expect(second.state?.visits).toEqual({ ask: 1, new: 1 })
  })

  it('stays as it is while the flag is off, and when the change would break it', async () => {
    const edges = [way('a', 'b')]
    const nodes = [node('a'), node('b', { action: 'check' })]
    const off = orchestrator({ flags: { isOn: (flag) => flag !== 'graph-topology-changes' } })
    const id = await off.createAgentGraph(nodes, edges)
    const refused = expect.objectContaining({ code: 'FeatureDisabledError' })
    await expect(off.addConditionalRouting(id, { a: [] })).rejects.toEqual(refused)
    await expect(off.handleGraphErrors(id, {})).rejects.toEqual(refused)
    const on = orchestrator()
    await on.createAgentGraph(nodes, edges)
    await expect(on.addConditionalRouting(id, { a: [{ toNode: 'c' }] })).rejects.toMatchObject({
      code: 'DocumentError',
      details: { problems: [{ path: 'edges[0].toNode' }] },
    })
    expect((await on.executeGraph(id, {}, run)).topology).toBe(1)
  })

  it('refuses to go on with a topology that this process does not have', async () => {
    answers['work'] = () => suspend({ signal: 'go' })
    const before = orchestrator()
    const id = await before.createAgentGraph([node('ask')], [])
    await before.handleGraphErrors(id, {})
    const { waitsFor } = await before.executeGraph(id, {}, run)
    const after = orchestrator()
    await after.createAgentGraph([node('ask')], [])
    const resumed = { data: 1, resumeToken: waitsFor?.resumeToken ?? null }
    const view = await after.executeGraph(id, {}, { ...run, resumed })
    expect(view.error).toMatchObject({
      code: 'RefusedError',
      message: expect.stringContaining('topology 2'),
    })
  })
})

describe('a handler of errors', () => {
  const failing =
    (code: string, untilTime = Infinity) =>
    (_: JsonObject, times: number) => {
      if (times > untilTime) return { healed: times }
      throw Object.assign(new Error(`failed ${times}`), { retryable: false, code })
    }
  const graph = async (handlers: Parameters<LangGraphOrchestrator['handleGraphErrors']>[1]) => {
    const graphs = orchestrator()
    const id = await graphs.createAgentGraph(
      [node('risky'), node('after', { action: 'check' }), node('rescue', { action: 'mend' })],
      [way('risky', 'after'), way('risky', 'rescue', { condition: () => false })],
    )
    await graphs.handleGraphErrors(id, handlers)
    return graphs.executeGraph(id, {}, run)
  }

  it('is chosen by code, else by *, and lets the call be made again under a key of its own', async () => {
    answers['work'] = failing('x', 2)
    const wrong = () => ({ kind: 'fail' }) as const
    const view = await graph({ AgentInputError: wrong, '*': () => ({ kind: 'retry' }) })
    expect(view.status).toBe('completed')
    expect(heard.map(({ key }) => key.split('/').at(-1))).toEqual(['c1', 'c2', 'c3', 'c4'])
    expect(
      view.state?.trace.map((entry) => [entry['kind'], entry['nodeId'], entry['decision'] ?? null]),
    ).toEqual([
      ['error', 'risky', { kind: 'retry' }],
      ['error', 'risky', { kind: 'retry' }],
      ['node', 'risky', null],
      ['node', 'after', null],
    ])
  })

  it('goes to another node, or goes on with a replacement', async () => {
    answers['work'] = failing('x')
    const went = await graph({
      AgentError: ({ error }) => ({
        kind: 'goto',
        node: error.message === 'failed 1' ? 'rescue' : 'after',
      }),
    })
    expect(went.state?.visits).toEqual({ rescue: 1 })
    expect(went.state?.trace[0]).toMatchObject({ kind: 'error', code: 'AgentError' })
    const other = orchestrator()
    const id = await other.createAgentGraph([node('risky')], [], { graphId: 'other' })
    await other.handleGraphErrors(id, { '*': () => ({ kind: 'replace', output: { instead: 1 } }) })
    const replaced = await other.executeGraph(id, {}, run)
    expect(replaced.state?.data).toEqual({ instead: 1 })
  })

  it('fails the run with its own words', async () => {
    answers['work'] = failing('x')
    const said = await graph({ '*': () => ({ kind: 'fail', message: 'given up' }) })
    expect(said.error).toMatchObject({ code: 'AgentError', message: 'given up' })
  })

  it('does not retry without end', async () => {
    answers['work'] = failing('x')
    const view = await graph({ '*': () => ({ kind: 'retry' }) })
    expect(view.error?.message).toContain('graphRetriesMax')
    expect(heard).toHaveLength(11)
  })

  it('does not go where there is nothing', async () => {
    answers['work'] = failing('x')
    const view = await graph({ '*': () => ({ kind: 'goto', node: 'resque' }) })
    expect(view.error).toMatchObject({ code: 'RefusedError', hint: "did you mean 'rescue'?" })
  })
})

it('a graph is refused with everything that is wrong with it', async () => {
  const nodes = [
    node('a'),
    node('a'),
    node('b', { agentType: 'wroker' }),
    node('c', { action: 'wrok', outputSchema: { properties: { n: { type: 'string' } } } }),
    node('d', { action: undefined as never }),
    node('e', {
      agentConfig: { communicationConfig: {}, resourceLimits: { timeoutMs: 0, cpu: 1 } } as never,
    }),
    node('f', { inputSchema: { type: 'nothing', properties: {} } }),
    node('g h', { inputSchema: { properties: { n: { type: 'number' } } } }),
  ]
  const edges = [way('c', 'g h'), way('a', 'x'), way('y', 'a')]
  const refused = orchestrator().createAgentGraph(nodes, edges)
  const error = (await refused.catch((thrown: unknown) => thrown)) as {
    code: string
    details: JsonObject
  }
  expect(error.code).toBe('DocumentError')
  const problems = error.details['problems'] as {
    path: string
    message: string
    hint: string | null
  }[]
  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "nodes[1].nodeId: node 'a' is there twice",
    "nodes[2].agentType: no agent 'wroker' is registered",
    "nodes[3].action: agent 'worker' has no action 'wrok'",
    "nodes[4].action: agent 'worker' has several actions",
    "nodes[5].agentConfig.communicationConfig: a node cannot set 'communicationConfig'",
    'nodes[5].agentConfig.resourceLimits.timeoutMs: timeoutMs is a whole number from 1 on',
    "nodes[5].agentConfig.resourceLimits.cpu: a node cannot set 'cpu'",
    expect.stringMatching(/^nodes\[6\]\.inputSchema: .*no valid JSON Schema/),
    "nodes[7].nodeId: 'g h' is no node id",
    "edges[1].toNode: the edge names the node 'x', which is not there",
    "edges[2].fromNode: the edge names the node 'y', which is not there",
    "edges[0]: 'c' gives 'n' as string, 'g h' takes number",
  ])
  expect(problems[1]?.hint).toBe("did you mean 'worker'?")
})

it('nodes that nothing leads to and cycles that nothing leaves are refused, named', async () => {
  const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => node(id))
  const edges = [
    way('__start__', 'a'),
    way('a', 'b'),
    way('b', 'c'),
    way('c', 'b'),
    way('d', 'e'),
    way('e', 'd', { condition: () => true }),
  ]
  await expect(orchestrator().createAgentGraph(nodes, edges)).rejects.toMatchObject({
    details: {
      problems: [
        { message: "nothing leads to node 'd'" },
        { message: "nothing leads to node 'e'" },
        { message: 'the cycle b → c → b has no way out' },
      ],
    },
  })
})
