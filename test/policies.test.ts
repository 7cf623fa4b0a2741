import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import {
  defineAgent,
  expectPolicy,
  openEngine,
  type PolicyData,
  PolicyFile,
  type WorkflowData,
} from '../src/index.ts'

let folder = ''
const calls: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-policies-'))
  calls.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

let running = 0
let most = 0
const agent = (type: string) =>
  defineAgent({
    type,
    actions: {
      do: {
        effect: 'read',
        run: async () => {
          calls.push(type)
          running++
          most = Math.max(most, running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          return { choice: type === 'c' ? 'no' : 'yes' }
        },
      },
    },
  })
const agents = () => [agent('a'), agent('b'), agent('c')]
const policyOf = (...rules: PolicyData['rules']) =>
  expectPolicy({ data: { name: 'house', version: '1.0.0', rules } })
const workflow = (
  steps: WorkflowData['steps'],
  rest: Partial<WorkflowData> = {},
): WorkflowData => ({
  name: 'work',
  version: '1.0.0',
  ...rest,
  steps,
})
const once = { agent: 'a', action: 'do' }

test('a call of an agent that a rule does not allow fails with an error that names the rule', async () => {
  const policies = policyOf({ id: 'only-b', when: "step.id == 'x'", then: { agents: ['b'] } })
  const engine = await openEngine({ agents: agents(), policies })
  const run = await engine.executeWorkflow('work', workflow({ x: once }))
  expect(run.error).toMatchObject({
    code: 'PolicyError',
    retryable: false,
    details: { policy: 'house', version: '1.0.0', rule: 'only-b', key: 'agents', agent: 'a' },
  })
  const other = workflow({ x: { ...once, fallback: { agent: 'b', action: 'do' } } })
  const fallen = await engine.executeWorkflow('work', other)
  expect(fallen).toMatchObject({ status: 'completed', degraded: [{ stepId: 'x', to: 'b.do' }] })
  expect(calls).toEqual(['b'])
  await engine.close()
})

test('of a pattern the calls of agents that are not allowed fail, and the others decide', async () => {
  const policies = policyOf({ id: 'r', then: { agents: ['a', 'b'] } })
  const engine = await openEngine({ agents: agents(), policies })
  const vote = { pattern: 'consensus', agents: ['a', 'b', 'c'], action: 'do' } as const
  const run = await engine.executeWorkflow('work', workflow({ x: vote }))
  expect(run.output).toMatchObject({ x: { choice: 'yes' } })
  expect(calls.toSorted()).toEqual(['a', 'b'])
  await engine.close()
})

test('the pattern is one that the step declares, and the quorum is raised', async () => {
  const policies = policyOf({ id: 'r', then: { pattern: 'consensus', quorum: 3 } })
  const engine = await openEngine({ agents: agents(), policies })
  const team = { agents: ['a', 'b', 'c'], action: 'do' }
  const declared = workflow({
    x: { pattern: 'fanOut', ...team, fallback: { pattern: 'consensus', ...team } },
  })
  const run = await engine.executeWorkflow('work', declared, { executionId: 'declared' })
  expect(run.output).toMatchObject({ x: { choice: 'yes', votes: [{}, {}, {}] } })
  expect(run.degraded).toEqual([])
  expect(engine.ledger('declared').map(({ idempotencyKey }) => idempotencyKey)).toContain(
    'declared/x/1/c1',
  )
  const other = await engine.executeWorkflow(
    'work',
    workflow({ x: { pattern: 'fanOut', ...team } }),
  )
  expect(other.error?.message).toContain('is to work by consensus, and declares fanOut')
  const pair = { ...team, agents: ['a', 'b'] }
  const few = await engine.executeWorkflow(
    'work',
    workflow({ x: { pattern: 'consensus', ...pair } }),
  )
  expect(few.error?.message).toContain('is to have a quorum of 3, and has 2 agents')
  await engine.close()
})

test('maxParallel and budget are lowered and never raised', async () => {
  const policies = policyOf(
    {
      id: 'narrow',
      when: "execution.metadata.kind == 'low'",
      then: { maxParallel: 1, budget: { agentCalls: 2 } },
    },
    {
      id: 'wide',
      when: "execution.metadata.kind == 'high'",
      then: { maxParallel: 9, budget: { agentCalls: 9 } },
    },
  )
  const engine = await openEngine({ agents: agents(), policies })
  const each = { ...once, forEach: '[1, 2, 3]', maxParallel: 2 }
  most = 0
  const low = await engine.executeWorkflow(
    'work',
    workflow({ x: each }, { metadata: { kind: 'low' } }),
  )
  expect(most).toBe(1)
  expect(low.error?.code).toBe('BudgetExceededError')
  expect(calls).toHaveLength(2)
  const rest = { metadata: { kind: 'high' }, budget: { agentCalls: 2 } }
  const high = await engine.executeWorkflow('work', workflow({ x: each }, rest))
  expect(high.error?.code).toBe('BudgetExceededError')
  expect(most).toBe(2)
  await engine.close()
})

test('a step waits for its approval, also in another process, and what was decided stays decided', async () => {
  const db = join(folder, 'a.db')
  const first = await openEngine({
    db,
    agents: agents(),
    policies: policyOf({ id: 'ask', then: { approval: {} } }),
  })
  const waiting = new Promise<void>((resolve) =>
    first.subscribe({ onEvent: ({ event }) => event.kind === 'PolicyDecided' && resolve() }),
  )
  await first.startWorkflow('work', workflow({ x: once }), { executionId: 'e' })
  await waiting
  expect(await first.getExecution('e')).toMatchObject({
    status: 'waiting',
    steps: { x: { status: 'waiting' } },
  })
  await first.close()
  const second = await openEngine({
    db,
    agents: agents(),
    policies: policyOf({ id: 'never', then: { agents: ['b'] } }),
  })
  const end = second.continueWorkflow('e')
  await second.signal('e', 'approve-x', { by: 'Ada' })
  expect(await end).toMatchObject({ status: 'completed', output: { x: { choice: 'yes' } } })
  const log = (await second.getExecution('e')).steps.x
  expect(log).toMatchObject({ attempts: 1 })
  await second.close()
})

test('an approval that is refused, or late, fails the step, and a redrive asks again', async () => {
  const policies = policyOf({ id: 'ask', then: { approval: { signal: 'go', timeout: '20ms' } } })
  const engine = await openEngine({ agents: agents(), policies })
  const fallback = { agent: 'b', action: 'do' }
  const document = workflow({ x: { ...once, fallback } })
  const refused = engine.executeWorkflow('work', document, { executionId: 'e' })
  await engine.signal('e', 'go', { approved: false })
  expect((await refused).error).toMatchObject({ code: 'PolicyError', details: { rule: 'ask' } })
  await engine.redrive('e')
  await engine.signal('e', 'go', null)
  expect(await engine.continueWorkflow('e')).toMatchObject({ status: 'completed' })
  const late = await engine.executeWorkflow('work', document)
  expect(late.error?.message).toContain("step 'x' was not approved in time")
  expect(calls).toEqual(['a'])
  await engine.close()
})

test('a rule that cannot be evaluated stops what it would judge', async () => {
  const policies = policyOf({ id: 'bad', when: 'event.data.x > 1', then: { quorum: 2 } })
  const engine = await openEngine({ agents: agents(), policies })
  const run = await engine.executeWorkflow('work', workflow({ x: once }))
  expect(run.error).toMatchObject({ code: 'PolicyError', details: { rule: 'bad' } })
  expect(calls).toEqual([])
  await engine.close()
})

test('a policy sees the event that started the execution, the load and what was spent', async () => {
  const policies = policyOf(
    { id: 'event', when: "event != null && event.data.risk == 'high'", then: { maxParallel: 1 } },
    {
      id: 'cost',
      priority: 1,
      when: "step.id == 'y' && cost.agentCalls == 1",
      then: { quorum: 1 },
    },
    {
      id: 'load',
      priority: 2,
      when: 'load.activeExecutions == 1 && load.agents.a.running == 0',
      then: { agents: ['a'] },
    },
  )
  const engine = await openEngine({ agents: agents(), policies })
  const found: unknown[] = []
  engine.subscribe({ onEvent: ({ event }) => event.kind === 'PolicyDecided' && found.push(event) })
  const triggers = [{ event: 'order.placed' }]
  await engine.registerWorkflow(workflow({ x: once, y: { ...once, needs: ['x'] } }, { triggers }))
  const data = { risk: 'high' }
  const event = { id: '1', source: 's', type: 'order.placed', time: null, subject: null, data }
  const [id] = await engine.deliver(event)
  expect(await engine.continueWorkflow(id as string)).toMatchObject({ status: 'completed' })
  expect(found).toMatchObject([
    { step: 'x', decision: { rules: { maxParallel: 'event', agents: 'load' } } },
    { step: 'y', decision: { rules: { maxParallel: 'event', quorum: 'cost', agents: 'load' } } },
  ])
  await engine.close()
})

test('a new version of the file holds for what is decided from then on', async () => {
  const path = join(folder, 'policy.yaml')
  const write = (version: string, budget: number) =>
    writeFileSync(
      path,
      `name: house\nversion: ${version}\nrules: [{ id: r, then: { budget: { agentCalls: ${budget} } } }]\n`,
    )
  write('1.0.0', 1)
  const policies = new PolicyFile({ path, clock: systemClock, logger: silentLogger })
  const engine = await openEngine({ agents: agents(), policies })
  const two = workflow({ x: once, y: { ...once, needs: ['x'] } })
  expect(await engine.executeWorkflow('work', two, { executionId: 'old' })).toMatchObject({
    status: 'failed',
  })
  write('1.1.0', 5)
  policies.reload()
  expect(await engine.executeWorkflow('work', two)).toMatchObject({ status: 'completed' })
  await engine.redrive('old')
  expect(await engine.continueWorkflow('old')).toMatchObject({ status: 'failed' })
  await engine.close()
})

test('what a policy forbade is judged anew when it is redriven under another version', async () => {
  const path = join(folder, 'policy.yaml')
  const write = (version: string, allowed: string) =>
    writeFileSync(
      path,
      `name: house\nversion: ${version}\nrules: [{ id: r, then: { agents: [${allowed}] } }]\n`,
    )
  write('1.0.0', 'b')
  const policies = new PolicyFile({ path, clock: systemClock, logger: silentLogger })
  const engine = await openEngine({ agents: agents(), policies })
  const run = await engine.executeWorkflow('work', workflow({ x: once }), { executionId: 'e' })
  expect(run.error?.code).toBe('PolicyError')
  write('1.1.0', 'a')
  policies.reload()
  await engine.redrive('e')
  expect(await engine.continueWorkflow('e')).toMatchObject({ status: 'completed' })
  await engine.close()
})

test('an adaptation may not put in an agent that the policy does not allow', async () => {
  const then = { agents: ['a'], approval: { signal: 'go' } }
  const engine = await openEngine({ agents: agents(), policies: policyOf({ id: 'r', then }) })
  const waiting = new Promise<void>((resolve) =>
    engine.subscribe({ onEvent: ({ event }) => event.kind === 'PolicyDecided' && resolve() }),
  )
  const document = workflow({ x: once }, { adaptation: { agents: ['b'] } })
  const run = engine.executeWorkflow('work', document, { executionId: 'e' })
  await waiting
  await engine.adapt('e', { step: 'x', agent: 'b', because: 'a is slow' })
  await engine.signal('e', 'go', null)
  expect((await run).error).toMatchObject({
    code: 'PolicyError',
    details: { rule: 'r', key: 'agents', agent: 'b' },
  })
  expect(calls).toEqual([])
  await engine.close()
})
