import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import { type EmbeddedEngine, type Look, openLook } from '../src/engine/index.ts'
import {
  defineAgent,
  EventDrivenSemanticOrchestrator,
  expectPolicy,
  openEngine,
  OrchestratorAgent,
  type PolicyData,
  PolicyFile,
  type PolicySource,
  type SemanticEvent,
} from '../src/index.ts'

let folder = ''
let engine: EmbeddedEngine | null = null
let called: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-orchestrator-policies-'))
  called = []
})
afterEach(async () => {
  await engine?.close()
  engine = null
  rmSync(folder, { recursive: true, force: true })
})

const names = ['a', 'b', 'c']

async function obeying(policies: PolicySource): Promise<EventDrivenSemanticOrchestrator> {
  const workers = names.map((type) =>
    defineAgent({
      type,
      actions: {
        decide: {
          effect: 'read',
          run: () => {
            called.push(type)
            return { severity: 'low', output: type }
          },
        },
      },
    }),
  )
  const agent = new OrchestratorAgent()
  engine = await openEngine({
    db: join(folder, 'aura.db'),
    agents: [...workers, agent],
    policies,
  })
  const agents = names.map((id) => ({ id, actions: ['decide'] }))
  return new EventDrivenSemanticOrchestrator({ engine, agent, agents: () => agents })
}

function looking<T>(at: (look: Look) => T): T {
  const look = openLook(join(folder, 'aura.db'))
  try {
    return at(look)
  } finally {
    look.close()
  }
}

const policyOf = (...rules: PolicyData['rules']): PolicySource =>
  expectPolicy({ data: { name: 'house', version: '1.2.0', rules } })

const event = (changes: Partial<SemanticEvent> = {}): SemanticEvent => ({
  eventId: 'e-1',
  eventType: 'tda_anomaly_detected',
  semanticContext: { summary: 'errors rise', severity: 0.9 },
  tdaCorrelation: 'anomaly-1',
  urgencyScore: 0.7,
  routingHints: [],
  ...changes,
})

test('what begins for an event works as the policy says, and its journal names the deciding rules', async () => {
  const subject = await obeying(
    policyOf(
      {
        id: 'anomalies-vote',
        when: "event != null && event.type == 'tda_anomaly_detected'",
        then: { pattern: 'consensus' },
      },
      {
        id: 'two-of-us',
        when: "step != null && step.id == 'handle'",
        then: { agents: ['c', 'a'] },
      },
      { id: 'agree', when: "'a' in step.agents", then: { quorum: 2 } },
    ),
  )
  const outcome = await subject.processSemanticEvent(event())
  const rules = { pattern: 'anomalies-vote', agents: 'two-of-us', quorum: 'agree' }
  expect(outcome).toMatchObject({
    kind: 'handled',
    coordination: 'consensus',
    agents: ['a', 'c'],
    policy: { policy: 'house', version: '1.2.0', rules },
  })
  const run = await engine!.continueWorkflow(outcome.executionId)
  expect(run).toMatchObject({ status: 'completed', output: { votes: [{}, {}] } })
  expect(called.toSorted()).toEqual(['a', 'c'])
  const journal = looking((look) => look.log(outcome.executionId))
  expect(journal.map(({ event: one }) => one)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        kind: 'ExecutionStarted',
        input: expect.objectContaining({
          cause: expect.objectContaining({ policy: expect.objectContaining({ rules }) }),
        }),
      }),
      expect.objectContaining({ kind: 'PolicyDecided', step: 'handle' }),
    ]),
  )
})

test('rules read the event as it came, also at the start of its execution and at its steps', async () => {
  const budget = { when: "event != null && event.type == 'tda.anomaly.detected'" }
  const subject = await obeying(
    policyOf(
      { id: 'cheap', ...budget, then: { budget: { agentCalls: 1 } } },
      {
        id: 'severe',
        when: "event != null && event.type == 'tda.anomaly.detected' && event.data.severity > 0.8",
        then: { approval: { signal: 'go' } },
      },
    ),
  )
  const { executionId, policy } = await subject.accept({
    id: 'n-1',
    source: 'watcher',
    type: 'tda.anomaly.detected',
    time: null,
    subject: null,
    data: { source: 'checkout', severity: 0.9 },
  })
  // Neither bounds who works or how: that is the engine's to see to.
  expect(policy).toBeNull()
  const ending = engine!.continueWorkflow(executionId)
  await expect.poll(async () => (await engine!.getExecution(executionId)).status).toBe('waiting')
  expect(called).toEqual([])
  await engine!.signal(executionId, 'go', null)
  const run = await ending
  expect(run.error).toMatchObject({ code: 'BudgetExceededError' })
  expect(called).toHaveLength(1)
})

test('a vote has the quorum of the policy where the event asks for a lower one', async () => {
  const subject = await obeying(policyOf({ id: 'all', then: { quorum: 3 } }))
  const vote = event({
    eventType: 'agent_consensus_required',
    semanticContext: { voteId: 'v', quorum: 2 },
  })
  const { executionId } = await subject.processSemanticEvent(vote)
  const run = await engine!.continueWorkflow(executionId)
  expect(run.output).toMatchObject({ vote: { severity: 'low' } })
  expect(called).toHaveLength(3)
  const [started] = looking((look) => look.log(executionId))
  expect(started?.event).toMatchObject({
    input: { cause: { policy: { rules: { quorum: 'all' } } } },
  })
})

test('an adaptation that says no pattern gets none, and the adapted execution tells the rule of one that does', async () => {
  const subject = await obeying(
    policyOf({ id: 'vote', when: "step.id == 'adapt'", then: { pattern: 'consensus' } }),
  )
  const document = {
    name: 'watched',
    version: '1.0.0',
    adaptation: { patterns: ['consensus', 'pipeline'], pause: true },
    steps: {
      hold: { waitFor: { signal: 'go' } },
      judge: { needs: ['hold'], pattern: 'fanOut', agents: ['a', 'b'], action: 'decide' },
    },
  } as const
  await engine!.startWorkflow('watched', document, { executionId: 'w-1' })
  const adapt = async (eventId: string, change: object): Promise<unknown> => {
    const { executionId } = await subject.processSemanticEvent(
      event({
        eventId,
        eventType: 'workflow_adaptation_required',
        semanticContext: { executionId: 'w-1', change: { ...change } },
      }),
    )
    return (await engine!.continueWorkflow(executionId)).status
  }
  expect(await adapt('e-1', { pattern: 'pipeline' })).toBe('completed')
  expect(await adapt('e-2', { pause: true })).toBe('completed')
  expect((await engine!.getExecution('w-1')).adaptations).toMatchObject([
    { changes: [{ pattern: 'consensus' }], cause: { policy: { rules: { pattern: 'vote' } } } },
    { changes: [], pause: true },
  ])
})

test('what a policy cannot judge is not begun', async () => {
  const subject = await obeying(
    policyOf({ id: 'broken', when: 'event.data.nothing == 1', then: { quorum: 2 } }),
  )
  await expect(subject.processSemanticEvent(event())).rejects.toMatchObject({
    code: 'PolicyError',
    retryable: false,
    details: { rule: 'broken' },
  })
  expect(looking((look) => look.list({}))).toEqual([])
})

test('a policy file that changes binds the next event, without a restart', async () => {
  const path = join(folder, 'house.yaml')
  const write = (version: string, agent: string): void =>
    writeFileSync(
      path,
      `name: house\nversion: ${version}\nrules: [{ id: one, then: { agents: [${agent}] } }]\n`,
    )
  write('1.0.0', 'a')
  const file = new PolicyFile({ path, clock: systemClock, logger: silentLogger })
  const subject = await obeying(file)
  expect((await subject.processSemanticEvent(event())).agents).toEqual(['a'])
  write('1.0.1', 'b')
  file.reload()
  expect(await subject.processSemanticEvent(event({ eventId: 'e-2' }))).toMatchObject({
    agents: ['b'],
    policy: { version: '1.0.1' },
  })
})
