import { expect, test } from 'vitest'
import { BaseAgent } from './base-agent.ts'
import { callOnce } from './call-once.ts'
import { FakeClock } from './fake-clock.ts'
import { AgentRegistry } from './registry.ts'

function agentOf(type: string, id = type, maxConcurrent = 10): BaseAgent {
  const config = { resourceLimits: { maxConcurrent } }
  return new BaseAgent({ type, id, config, actions: { act: { effect: 'read', run: () => id } } })
}

class Broken extends BaseAgent {
  constructor() {
    super({ type: 'worker', id: 'broken', actions: { act: { effect: 'read', run: () => 1 } } })
  }
  protected override onInit(): void {
    throw new Error('no model')
  }
}

async function registryOf(...agents: BaseAgent[]): Promise<AgentRegistry> {
  const registry = new AgentRegistry({ clock: new FakeClock() })
  for (const agent of agents) registry.register(agent)
  await registry.start()
  return registry
}

test('a name is an id first, then a type; an unknown one gives nothing', async () => {
  const registry = await registryOf(agentOf('worker', 'w-1'), agentOf('other', 'worker'))
  expect(registry.resolve('worker')?.type).toBe('other')
  expect(registry.resolve('w-1')?.id).toBe('w-1')
  expect(registry.resolve('other')?.id).toBe('worker')
  expect(registry.resolve('wroker')).toBeUndefined()
  expect(registry.names()).toEqual(['w-1', 'worker', 'other'])
})

test('of one type the least loaded ready agent is chosen, by share of its places', async () => {
  const big = agentOf('worker', 'big', 10)
  const small = agentOf('worker', 'small', 2)
  const registry = await registryOf(new Broken(), small, big)
  expect(registry.resolve('worker')?.id).toBe('small')
  small.pool.acquire(() => undefined)
  expect(registry.resolve('worker')?.id).toBe('big')
  for (let place = 0; place < 6; place++) big.pool.acquire(() => undefined)
  expect(registry.resolve('worker')?.id).toBe('small')
})

test('a type whose agents are all unfit still resolves, and its call says why', async () => {
  const registry = await registryOf(new Broken())
  const agent = registry.resolve('worker')
  expect(agent?.state).toBe('quarantined')
  expect(await callOnce(agent as BaseAgent, 'act').outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'AgentUnavailableError', message: "agent 'broken' is quarantined: no model" },
  })
})

test('a duplicate id is refused', async () => {
  const registry = await registryOf(agentOf('worker'))
  expect(() => registry.register(agentOf('other', 'worker'))).toThrow(
    "'worker' is registered twice",
  )
})

test('an agent registered after the start is started too', async () => {
  const registry = await registryOf()
  const agent = agentOf('worker')
  registry.register(agent)
  await agent.init()
  expect(agent.state).toBe('ready')
})

test('the contract of an action is the same object every time, and undefined for unknown names', async () => {
  const registry = await registryOf(agentOf('worker'))
  const contract = registry.contract('worker', 'act')
  expect(contract).toMatchObject({
    agentId: 'worker',
    agentType: 'worker',
    effect: 'read',
    hasLookup: false,
  })
  expect(registry.contract('worker', 'act')).toBe(contract)
  expect(registry.contract('worker', 'nope')).toBeUndefined()
  expect(registry.contract('nope', 'act')).toBeUndefined()
})

test('list shows every agent by id with its state, load and actions', async () => {
  const registry = await registryOf(agentOf('worker', 'w-2'), new Broken())
  registry.resolve('w-2')?.pool.acquire(() => undefined)
  expect(registry.list()).toEqual([
    {
      agentId: 'broken',
      agentType: 'worker',
      version: '0.0.0',
      description: null,
      capabilities: [],
      transport: 'in-process',
      state: 'quarantined',
      reason: 'no model',
      running: 0,
      waiting: 0,
      breaker: { state: 'closed', calls: 0, failures: 0, opensInMs: 0 },
      health: 'unknown',
      quarantine: null,
      actions: [{ name: 'act', effect: 'read', hasLookup: false }],
    },
    expect.objectContaining({ agentId: 'w-2', state: 'ready', reason: null }),
  ])
})

test('close stops every agent; one shared with another registry goes on', async () => {
  const own = agentOf('own')
  const shared = agentOf('shared')
  const first = await registryOf(own, shared)
  const second = await registryOf(shared)
  await first.close()
  await first.close()
  expect([own.state, shared.state]).toEqual(['stopped', 'ready'])
  await second.close()
  expect(shared.state).toBe('stopped')
  expect(() => first.register(agentOf('late'))).toThrow('closed')
})
