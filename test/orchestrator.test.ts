import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { AnomalyFeed } from '../src/tda/index.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import {
  type BaseAgent,
  ConsensusCoordinator,
  defineAgent,
  defineWorkflow,
  EventDrivenSemanticOrchestrator,
  openEngine,
  OrchestratorAgent,
  type SemanticEvent,
  type SemanticOrchestratorOptions,
} from '../src/index.ts'

const asked: { readonly agent: string; readonly input: unknown }[] = []
let answers: Record<string, string> = {}
let holds: (() => void)[] = []

function worker(type: string, hold = false): BaseAgent {
  return defineAgent({
    type,
    actions: {
      decide: {
        effect: 'read',
        run: async (input: unknown) => {
          asked.push({ agent: type, input })
          if (hold) await new Promise<void>((resolve) => holds.push(resolve))
          return { severity: answers[type] ?? 'low', output: type }
        },
      },
    },
  })
}

let folder = ''
let engine: Awaited<ReturnType<typeof openEngine>>
let agent: OrchestratorAgent
let mesh: InProcessMesh

beforeEach(async () => {
  asked.length = 0
  holds = []
  answers = {}
  folder = mkdtempSync(join(tmpdir(), 'aura-orchestrator-'))
  mesh = new InProcessMesh({ clock: systemClock })
  await open()
})
afterEach(async () => {
  for (const release of holds) release()
  await engine.close()
  await mesh.close()
  rmSync(folder, { recursive: true, force: true })
})

async function open(): Promise<void> {
  agent = new OrchestratorAgent()
  const agents = [...['a', 'b', 'c'].map((name) => worker(name)), worker('slow', true), agent]
  engine = await openEngine({ db: join(folder, 'aura.db'), agents })
}

function orchestrator(
  changes: Partial<SemanticOrchestratorOptions> = {},
): EventDrivenSemanticOrchestrator {
  const agents = ['a', 'b', 'c'].map((id) => ({ id, actions: ['decide'] }))
  return new EventDrivenSemanticOrchestrator({ engine, agent, agents: () => agents, ...changes })
}

const event = (changes: Partial<SemanticEvent> = {}): SemanticEvent => ({
  eventId: 'e-1',
  eventType: 'tda_anomaly_detected',
  semanticContext: { summary: 'errors rise' },
  tdaCorrelation: 'anomaly-1',
  urgencyScore: 0.7,
  routingHints: [],
  ...changes,
})

/** `first` is held until it is released; `judge` has not started. */
const watched = defineWorkflow({
  name: 'watched',
  version: '1.0.0',
  metadata: { tdaSource: 'checkout' },
  adaptation: { patterns: ['consensus', 'pipeline', 'hierarchical'], approval: true },
  steps: {
    first: { agent: 'slow', action: 'decide' },
    judge: {
      needs: ['first'],
      pattern: 'fanOut',
      agents: ['a', 'b'],
      action: 'decide',
    },
  },
})

async function watchedRun(): Promise<string> {
  const id = await engine.startWorkflow('watched', watched, { executionId: 'w-1' })
  while (holds.length === 0) await new Promise((resolve) => setImmediate(resolve))
  return id
}

test('an anomaly that concerns nothing that runs is handled by agents, in a pipeline as long as it is simple', async () => {
  const outcome = await orchestrator().processSemanticEvent(event({ routingHints: ['b'] }))
  expect(outcome).toMatchObject({ kind: 'handled', coordination: 'pipeline', adapts: [] })
  expect(outcome.agents[0]).toBe('b')
  const run = await engine.continueWorkflow(outcome.executionId)
  expect(run.status).toBe('completed')
  expect(asked.map((one) => one.agent)).toEqual(['b', 'a', 'c'])
  expect(asked[0]?.input).toMatchObject({ findings: [{ summary: 'errors rise' }] })
})

test('above the configured complexity it is hierarchical, and where consensus is required that goes before', async () => {
  const complex = orchestrator({ hierarchicalAbove: 0 })
  const context = { services: ['checkout', 'billing', 'stock'], symptom: 'errors rise everywhere' }
  const wide = event({ semanticContext: context, routingHints: ['a', 'restart'] })
  expect(await complex.processSemanticEvent(wide)).toMatchObject({
    coordination: 'hierarchical',
  })
  const urgent = event({
    eventId: 'e-2',
    urgencyScore: 1,
    routingHints: ['scale up', 'scale down'],
  })
  expect(await complex.processSemanticEvent(urgent)).toMatchObject({ coordination: 'consensus' })
})

test('a running execution that an anomaly concerns is adapted before its next step, once however often it is reported', async () => {
  const id = await watchedRun()
  const subject = orchestrator({
    hierarchicalAbove: 1,
    advisor: { advise: () => ({ pattern: 'consensus' }) },
    findExecutions: ({ metadata }) => (metadata?.['tdaSource'] === 'checkout' ? [id] : []),
  })
  const about = { semanticContext: { source: 'checkout' } }
  const first = await subject.processSemanticEvent(event(about))
  expect(first).toMatchObject({ kind: 'adapts', adapts: [id] })
  const handled = await engine.continueWorkflow(first.executionId)
  expect(handled.output).toMatchObject({
    adapted: [{ executionId: id, refusal: null }],
    handled: null,
  })
  const again = await subject.processSemanticEvent(event({ ...about, eventId: 'e-2' }))
  await engine.continueWorkflow(again.executionId)
  const { adaptations = [] } = await engine.getExecution(id)
  expect(adaptations).toHaveLength(1)
  expect(adaptations[0]).toMatchObject({
    because: "tda_anomaly_detected 'anomaly-1'",
    cause: { eventId: 'e-1', tdaCorrelation: 'anomaly-1' },
    changes: [{ stepId: 'judge', pattern: 'consensus' }],
  })
  for (const release of holds) release()
  const run = await engine.continueWorkflow(id)
  expect(run.steps['judge']?.error).toBeNull()
  expect(Object.keys(run.steps['judge']?.output as object)).toContain('votes')
})

test('what no running execution admits is handled as work of its own', async () => {
  const id = await watchedRun()
  const subject = orchestrator({ advisor: { advise: () => ({ pattern: 'fanOut' }) } })
  const outcome = await subject.processSemanticEvent(
    event({ semanticContext: { executionId: id } }),
  )
  const run = await engine.continueWorkflow(outcome.executionId)
  expect(run.output).toMatchObject({
    adapted: [{ adaptationId: null, refusal: { code: 'RefusedError' } }],
    handled: { results: [{ agent: 'a' }, { agent: 'b' }, { agent: 'c' }] },
  })
})

test('workflow_adaptation_required adapts as it says, and what is out of bounds is a dead letter', async () => {
  const id = await watchedRun()
  const adapt = (eventId: string, change: object) =>
    event({
      eventId,
      eventType: 'workflow_adaptation_required',
      semanticContext: { executionId: id, change: { ...change }, because: 'drift' },
    })
  const subject = orchestrator()
  const made = await subject.processSemanticEvent(adapt('e-1', { step: 'judge', approval: 'ok' }))
  expect((await engine.continueWorkflow(made.executionId)).status).toBe('completed')
  expect((await engine.getExecution(id)).adaptations).toMatchObject([{ because: 'drift' }])
  const wrong = await subject.processSemanticEvent(adapt('e-2', { pause: true }))
  const failed = await engine.continueWorkflow(wrong.executionId)
  expect([failed.status, failed.error?.code]).toEqual(['failed', 'RefusedError'])
  expect(await engine.deadLetters()).toMatchObject([{ executionId: wrong.executionId }])
  const nobody = { ...adapt('e-3', {}), semanticContext: { workflow: 'watched' } }
  await expect(subject.processSemanticEvent(nobody)).rejects.toMatchObject({
    code: 'NotFoundError',
  })
})

test('a vote has one decision per id, whichever events ask for it', async () => {
  answers = { a: 'high', b: 'high', c: 'low' }
  const ask = (eventId: string) =>
    event({
      eventId,
      eventType: 'agent_consensus_required',
      semanticContext: { voteId: 'release-7', quorum: 2 },
    })
  const subject = orchestrator()
  const outcome = await subject.processSemanticEvent(ask('e-1'))
  expect(outcome).toMatchObject({ kind: 'votes', coordination: 'consensus' })
  const run = await engine.continueWorkflow(outcome.executionId)
  expect(run.output).toMatchObject({ vote: { severity: 'high' } })
  answers = { a: 'low', b: 'low', c: 'low' }
  const again = await subject.processSemanticEvent(ask('e-2'))
  expect(again).toMatchObject({ kind: 'repeat', executionId: outcome.executionId })
  const { decision } = await new ConsensusCoordinator(engine).decide({
    voteId: outcome.executionId,
    agents: outcome.agents,
    action: 'decide',
    data: { context: ask('e-1').semanticContext, findings: [] },
    options: { field: 'severity', strategy: 'quorum', quorum: 2 },
  })
  expect(decision).toMatchObject({ severity: 'high' })
})

test('routing goes to the likeliest agent, and to the next when that fails', async () => {
  const broken = defineAgent({
    type: 'broken',
    actions: {
      decide: {
        effect: 'read',
        run: () => {
          throw Object.assign(new Error('no'), { retryable: false })
        },
      },
    },
  })
  await engine.close()
  agent = new OrchestratorAgent()
  engine = await openEngine({ agents: [broken, worker('a'), agent] })
  const subject = orchestrator({
    agents: () => ['broken', 'a'].map((id) => ({ id, actions: ['decide'] })),
    router: {
      route: async () => ({
        kind: 'routed',
        agent: 'broken',
        intent: 'x',
        confidence: 1,
        fit: 1,
        stage: 'fast',
        runnersUp: [],
        fallbacks: [],
      }),
    },
  })
  const outcome = await subject.processSemanticEvent(
    event({ eventType: 'semantic_routing_needed' }),
  )
  expect(outcome).toMatchObject({ kind: 'routed', agents: ['broken', 'a'] })
  const run = await engine.continueWorkflow(outcome.executionId)
  expect(run).toMatchObject({
    status: 'completed',
    degraded: [{ stepId: 'handle', to: 'a.decide' }],
  })
})

test('a repeat, also by another process after a crash, adds nothing', async () => {
  const outcome = await orchestrator().processSemanticEvent(event())
  const both = await Promise.all([
    orchestrator().processSemanticEvent(event()),
    orchestrator({ hierarchicalAbove: 0 }).processSemanticEvent(event()),
  ])
  expect(both.map(({ kind, executionId }) => [kind, executionId])).toEqual([
    ['repeat', outcome.executionId],
    ['repeat', outcome.executionId],
  ])
  await engine.continueWorkflow(outcome.executionId)
  await engine.close()
  await open()
  expect(await orchestrator().processSemanticEvent(event())).toMatchObject({ kind: 'repeat' })
  expect(asked).toHaveLength(3)
  const other = await orchestrator().processSemanticEvent(event(), 'another sender')
  expect(other.executionId).not.toBe(outcome.executionId)
})

test('on the mesh an anomaly of the feed is taken, a poisoned event is a dead letter at once, and its neighbours go on', async () => {
  const feed = new AnomalyFeed({ clock: systemClock, logger: silentLogger })
  const subject = orchestrator({ tda: feed })
  const letters: string[] = []
  mesh.onDeadLetter(({ event: dead }) => letters.push(dead?.id ?? ''))
  const subscription = await subject.attach(mesh)
  const publish = (id: string, type: string, data: CloudEvent['data']) =>
    mesh.publish({ id, source: 's', type, time: null, subject: null, data })
  await publish('bad', 'semantic_routing_needed', { urgencyScore: 7 })
  await publish('anomaly', 'tda.anomaly.detected', { source: 'checkout', severity: 0.9 })
  await publish('own', 'tda_anomaly_detected', {
    semanticContext: {},
    urgencyScore: 0.5,
    routingHints: ['c'],
  })
  await mesh.drain()
  expect(letters).toEqual(['bad'])
  await subscription.stop()
  await expect.poll(() => asked.length, { timeout: 30_000 }).toBe(6)
  await feed.close()
})

test('of a burst about the same thing the last event is handled', async () => {
  const subject = orchestrator({ debounceMs: 20 })
  const subscription = await subject.attach(mesh)
  await Promise.all(
    [1, 2, 3].map((n) =>
      mesh.publish({
        id: `e-${n}`,
        source: 's',
        type: 'tda_anomaly_detected',
        time: null,
        subject: 'checkout',
        data: { semanticContext: { n }, urgencyScore: 0, routingHints: ['a'] },
      }),
    ),
  )
  await mesh.drain()
  await expect.poll(() => asked.length, { timeout: 30_000 }).toBe(3)
  expect(asked[0]?.input).toMatchObject({ context: { n: 3 } })
  await subscription.stop()
})

test('too few agents, or none that is allowed, is refused by name', async () => {
  const subject = orchestrator({ advisor: { advise: () => ({ agents: ['nobody'] }) } })
  await expect(subject.processSemanticEvent(event())).rejects.toMatchObject({
    code: 'AgentUnavailableError',
    retryable: false,
  })
  const vote = event({ eventType: 'agent_consensus_required', semanticContext: { quorum: 4 } })
  await expect(orchestrator().processSemanticEvent(vote)).rejects.toMatchObject({
    code: 'AgentUnavailableError',
  })
})
