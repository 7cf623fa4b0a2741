import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgentRegistry, defineAgent } from '../../../agents/index.ts'
import { type TdaContext, unavailableTda } from '../../../core/contracts/tda.ts'
import type { JsonObject } from '../../../core/json.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { LangGraphSemanticOrchestrator, type WorkerRouting } from './semantic-orchestrator.ts'
import type { WorkerGraphState } from './worker-graph.ts'

let directory = ''
let database: Database
let saver: AuraCheckpointSaver
let agents: AgentRegistry
let called: string[] = []
let tda: TdaContext = unavailableTda
let answers: Record<string, () => unknown> = {}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'workers-'))
  database = Database.open({ path: join(directory, 'aura.db'), durability: 'normal' })
  saver = new AuraCheckpointSaver({ database })
  called = []
  answers = {}
  tda = { ...unavailableTda, available: true }
  agents = new AgentRegistry()
  agents.register(worker('lead', []))
  agents.register(worker('metrics', ['look']))
  agents.register(worker('metrics2', ['look']))
  agents.register(worker('logs', ['read']))
  await agents.start()
})
afterEach(async () => {
  await agents.close(0)
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

function worker(type: string, capabilities: readonly string[]) {
  return defineAgent({
    type,
    description: 'Works',
    capabilities: [...capabilities],
    actions: {
      work: {
        effect: 'once',
        run: async () => {
          called.push(type)
          return answers[type]?.() ?? { choice: 'restart', confidence: 0.8 }
        },
      },
      ...(type === 'lead' ? { plan: { effect: 'read', run: async () => null } } : {}),
    },
  })
}

const rules = [
  { capability: 'look', words: ['latency'] },
  { capability: 'read', words: ['errors'], patterns: ['flatLine'] },
]

async function run(
  task: string,
  routing: Partial<WorkerRouting> = {},
  runId = 'run-1',
  lead = 'lead',
) {
  const source = { current: () => tda, onChange: () => () => {} }
  const graphs = new LangGraphSemanticOrchestrator({ agents, saver, tda: source })
  const workers = ['metrics', 'metrics2', 'logs']
  const logic = { action: 'work', rules, ...routing }
  const graph = await graphs.createOrchestratorWorkerGraph(lead, workers, logic)
  const outcome = await graphs.run(graph, { context: { task } }, runId)
  if (outcome.kind !== 'completed') return { outcome, state: null }
  return { outcome, state: outcome.output as unknown as WorkerGraphState }
}

const anomalyAt = (source: string, more: JsonObject = {}): JsonObject => ({
  windowId: `w-${source}`,
  source,
  severity: 0.9,
  kind: 'spike',
  ...more,
})

describe('a task', () => {
  it('is broken up by rules, sent to able workers, and answered by consensus', async () => {
    answers = { logs: () => ({ choice: 'roll back', confidence: 0.4, reason: 'seen in logs' }) }
    const { state } = await run('why are latency and errors high?')
    expect(called.toSorted()).toEqual(['logs', 'metrics'])
    expect(Object.keys(state?.agentOutputs ?? {}).toSorted()).toEqual(['s1/metrics', 's2/logs'])
    expect(state?.workflowMetadata).toMatchObject({
      taskAnalysis: { by: 'rules', subtasks: [{ capability: 'look' }, { capability: 'read' }] },
      selectedWorkers: [{ worker: 'metrics', isCheck: false }, { worker: 'logs' }],
      orchestrationStrategy: 'semantic_decomposition',
      tdaIntegration: true,
    })
    const consensus = state?.workflowMetadata['consensus'] as JsonObject
    expect(consensus).toMatchObject({ choice: 'restart', winner: { confidence: 0.8 } })
    expect(consensus['agreement']).toBeCloseTo(0.8 / 1.2)
    expect(state?.executionTrace.map(({ kind }) => kind)).toEqual([
      'decomposed',
      'assigned',
      'assigned',
      'worked',
      'worked',
      'aggregated',
    ])
  })

  it('gets a subtask from a pattern that is there now, though no word names it', async () => {
    tda = { ...tda, patterns: [{ kind: 'flatLine' }] }
    await run('what is going on?')
    expect(called).toEqual(['logs'])
  })

  it('is broken up by the model where there is one', async () => {
    const answer = '```json\n{"subtasks":[{"capability":"read","task":"read the logs"}]}\n```'
    const { state } = await run('latency', {
      model: new FakeListChatModel({ responses: [answer] }),
    })
    expect(called).toEqual(['logs'])
    expect(state?.workflowMetadata['taskAnalysis']).toMatchObject({
      by: 'model',
      degraded: null,
      subtasks: [{ id: 's1', task: 'read the logs' }],
    })
  })

  it('is broken up by the orchestrator, with the patterns of now, where it has the action', async () => {
    const asked: unknown[] = []
    const decompose = {
      effect: 'read' as const,
      run: async (input: unknown) => {
        asked.push(input)
        return { subtasks: [{ task: 'anything' }] }
      },
    }
    const lead = { type: 'planner', description: 'Plans', capabilities: [], actions: { decompose } }
    agents.register(defineAgent(lead))
    await agents.start()
    tda = { ...tda, patterns: [{ kind: 'trend' }] }
    const { state } = await run('task', { rules: [] }, 'planned', 'planner')
    expect(asked).toEqual([
      { task: 'task', capabilities: ['look', 'read'], patterns: [{ kind: 'trend' }] },
    ])
    expect(state?.workflowMetadata['taskAnalysis']).toMatchObject({ by: 'agent', degraded: null })
    expect(called).toEqual(['metrics'])
  })

  it.each([
    ['nonsense', 'no idea'],
    ['another shape', '{"subtasks":[]}'],
  ])('is broken up by rules when the model answers %s, and says so', async (_, answer) => {
    const { state } = await run('latency', {
      model: new FakeListChatModel({ responses: [answer] }),
    })
    expect(called).toEqual(['metrics'])
    expect(state?.executionTrace[0]).toMatchObject({
      by: 'rules',
      degraded: expect.stringContaining('model:'),
    })
  })

  it('is not worked on twice by a run that has ended', async () => {
    const first = await run('latency')
    expect((await run('latency')).outcome).toEqual(first.outcome)
    expect(called).toEqual(['metrics'])
  })
})

describe('a worker', () => {
  it('whose resource is anomalous is avoided: the anomaly flips the choice', async () => {
    const resources = { metrics: ['/var/metrics/checkout.csv'] }
    await run('latency', { resources }, 'calm')
    tda = { ...tda, anomalies: [anomalyAt('/var/metrics/checkout.csv')] }
    await run('latency', { resources }, 'alarmed')
    tda = { ...tda, anomalies: [anomalyAt('/var/metrics/checkout.csv', { severity: 0.2 })] }
    await run('latency', { resources }, 'harmless')
    expect(called).toEqual(['metrics', 'metrics2', 'metrics'])
  })

  it('is checked by a second one when it is to be, or when no other is sound, and counts less', async () => {
    tda = { ...tda, anomalies: [anomalyAt('metrics')] }
    answers = { metrics2: () => ({ choice: 'wait', confidence: 0.8 }) }
    const { state } = await run('latency', { onAnomaly: 'doubleCheck' })
    expect(called.toSorted()).toEqual(['metrics', 'metrics2'])
    expect(state?.workflowMetadata).toMatchObject({
      selectedWorkers: [
        { worker: 'metrics', anomalies: ['w-metrics'], isCheck: false },
        { worker: 'metrics2', isCheck: true },
      ],
      consensus: { choice: 'wait', agreement: expect.closeTo(2 / 3) },
    })
    called = []
    tda = { ...tda, anomalies: [anomalyAt('metrics'), anomalyAt('metrics2')] }
    await run('latency', {}, 'none-sound')
    expect(called.toSorted()).toEqual(['metrics', 'metrics2'])
  })

  it('is chosen by its load', async () => {
    const pool = agents.resolve('metrics')?.pool
    expect(pool?.acquire(() => {})).toBe('granted')
    await run('latency')
    expect(called).toEqual(['metrics2'])
    pool?.release()
  })

  it('that fails abstains; when all fail the run does, naming them', async () => {
    const fails = () => {
      throw Object.assign(new Error('out of order'), { retryable: false })
    }
    answers = { metrics: fails }
    const { state } = await run('latency errors')
    expect(state?.workflowMetadata['consensus']).toMatchObject({
      choice: 'restart',
      agreement: 1,
      votes: [
        { agent: 'metrics', abstained: true },
        { agent: 'logs', abstained: false },
      ],
    })
    answers = { metrics: fails, logs: fails }
    const { outcome } = await run('latency errors', {}, 'run-2')
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'AgentError', message: expect.stringMatching(/metrics: .*logs: /) },
    })
  })
})

it('a graph of unknown agents, actions and capabilities is refused with all of it', async () => {
  const graphs = new LangGraphSemanticOrchestrator({ agents, saver })
  const routing = { action: 'work', rules: [{ capability: 'lok' }] }
  const made = graphs.createOrchestratorWorkerGraph('led', ['metrics', 'metrics', 'log'], routing)
  await expect(made).rejects.toMatchObject({
    code: 'DocumentError',
    details: {
      problems: [
        { path: 'orchestratorAgent', hint: "did you mean 'lead'?" },
        { path: 'workerAgents[1]' },
        { path: 'workerAgents[2]', hint: "did you mean 'logs'?" },
        { path: 'routingLogic.rules[0].capability', hint: "did you mean 'look'?" },
      ],
    },
  })
})

it('a run without a task is refused', async () => {
  const { outcome } = await run('')
  expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'InputError' } })
})
