import { beforeEach, expect, test } from 'vitest'
import { AgentRegistry, defineAgent } from '../../agents/index.ts'
import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../../core/contracts/tda.ts'
import { silentLogger } from '../../core/logger.ts'
import { AgentMeshController } from './agent-mesh-controller.ts'
import { type MeshAgent, registrySource } from './agent-source.ts'

let nowMs = 0
let due: (() => void)[] = []
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  after: (_, fire) => {
    due.push(fire)
    return () => {
      due = due.filter((one) => one !== fire)
    }
  },
  atTurnEnd: (run) => run(),
}
let told: CloudEvent[] = []
const mesh = {
  publish: (event: CloudEvent) => {
    told.push(event)
    return Promise.resolve()
  },
}
let offered: { -readonly [K in keyof MeshAgent]: MeshAgent[K] }[] = []
let fault: Record<string, string> = {}
let tda: TdaContext = unavailableTda

beforeEach(() => {
  nowMs = 0
  due = []
  told = []
  fault = {}
  tda = unavailableTda
  offered = ['a', 'b', 'c'].map((agentId) => ({
    agentId,
    agentType: agentId,
    capabilities: agentId === 'c' ? ['write'] : ['read', 'write'],
    state: 'ready',
    load: { running: 0, waiting: 0, maxConcurrent: 4 },
    breaker: null,
    health: () => {
      const reason = fault[agentId] ?? null
      return Promise.resolve({ healthy: reason === null, reason })
    },
  }))
})

const controller = (quarantine = {}) =>
  new AgentMeshController({
    source: { agents: () => offered },
    clock,
    logger: silentLogger,
    mesh,
    tda: { current: () => tda, onChange: () => () => {} },
    quarantine,
  })
const changes = () =>
  told.map(({ type, subject }) => `${type.slice('aura.agent.'.length)} ${subject}`)

test('agents are discovered and lost, and the mesh is told', async () => {
  const controlled = controller()
  await controlled.look()
  offered = offered.slice(1)
  await controlled.look()
  expect(changes()).toEqual([
    'discovered a',
    'discovered b',
    'discovered c',
    'healthy a',
    'healthy b',
    'healthy c',
    'lost a',
  ])
  expect(told[0]).toMatchObject({ source: 'aura/agent-mesh', data: { agentId: 'a' } })
  expect(controlled.withCapability('read').map(({ agentId }) => agentId)).toEqual(['b'])
  expect(controlled.agent('a')).toBeUndefined()
})

test('the agent with the smallest share of its places comes first', () => {
  offered[0]!.load = { running: 2, waiting: 0, maxConcurrent: 4 }
  offered[1]!.load = { running: 1, waiting: 0, maxConcurrent: 4 }
  offered[2]!.load = { running: 3, waiting: 0, maxConcurrent: 20 }
  const found = controller().withCapability('write')
  expect(found.map(({ agentId }) => agentId)).toEqual(['c', 'b', 'a'])
})

test('a key keeps its agent until that is not available, and gets it back', async () => {
  const controlled = controller()
  await controlled.look()
  const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
  const before = keys.map((key) => controlled.affine(key))
  controlled.quarantine('a', 'maintenance')
  const during = keys.map((key) => controlled.affine(key))
  expect(during).not.toContain('a')
  expect(during).toEqual(before.map((agent, i) => (agent === 'a' ? during[i] : agent)))
  expect(controlled.release('a')).toBe(true)
  expect(keys.map((key) => controlled.affine(key))).toEqual(before)
  expect(controlled.affine('k', { capability: 'write', agentIds: ['c'] })).toBe('c')
  expect(controlled.affine('k', { capability: 'sing' })).toBeUndefined()
})

test('an agent that keeps complaining is quarantined, tried out when its time is over, and released', async () => {
  const controlled = controller({ failuresMax: 2, quarantineMs: 1_000, probes: 2 })
  fault = { a: 'no connection' }
  await controlled.look()
  expect(controlled.agent('a')).toMatchObject({ health: 'unhealthy', available: false })
  await controlled.look()
  expect(controlled.agent('a')?.standing).toMatchObject({
    kind: 'quarantined',
    cause: 'health',
    reason: 'no connection',
    untilMs: 1_000,
  })
  fault = {}
  nowMs = 1_000
  await controlled.look()
  expect(controlled.agent('a')).toMatchObject({ standing: { kind: 'probing' }, available: false })
  await controlled.look()
  expect(controlled.isAvailable('a')).toBe(true)
  expect(changes().filter((change) => change.endsWith(' a'))).toEqual([
    'discovered a',
    'unhealthy a',
    'quarantined a',
    'healthy a',
    'probing a',
    'released a',
  ])
})

test('an open breaker counts as a complaint, and a severe anomaly in its resource quarantines at once', async () => {
  const controlled = controller()
  offered[0]!.breaker = 'open'
  const anomaly = { source: 'agents/b', severity: 0.9 }
  tda = { ...unavailableTda, available: true, anomalies: [anomaly, { source: 'c', severity: 0.5 }] }
  await controlled.look()
  expect(controlled.agent('a')).toMatchObject({ reason: 'its circuit breaker is open' })
  expect(controlled.agent('b')?.standing).toMatchObject({ kind: 'quarantined', cause: 'anomaly' })
  expect(controlled.agents().map(({ available }) => available)).toEqual([false, false, true])
})

test('an agent that starts or goes is neither well nor unwell, and gets no work', async () => {
  offered[0]!.state = 'starting'
  const controlled = controller()
  await controlled.look()
  expect(controlled.agent('a')).toMatchObject({ health: 'unknown', available: false })
})

test('it looks again and again until it is closed', async () => {
  const controlled = controller()
  controlled.start()
  await controlled.look()
  await Promise.resolve()
  expect(due).toHaveLength(1)
  controlled.close()
  expect(due).toEqual([])
})

test('a manual quarantine has an end where one is given, and an unknown agent is refused', async () => {
  const controlled = controller({ probes: 1 })
  controlled.quarantine('a', 'maintenance', 500)
  nowMs = 500
  await controlled.look()
  expect(controlled.isAvailable('a')).toBe(true)
  expect(controlled.release('a')).toBe(false)
  expect(() => controlled.quarantine('d', 'x')).toThrow(
    expect.objectContaining({ code: 'NotFoundError' }) as Error,
  )
})

test('a registry that is watched gives work by type to the available agent, and lists what is known', async () => {
  const registry = new AgentRegistry()
  const actions = { do: { effect: 'read' as const, run: () => null } }
  for (const id of ['one', 'two']) registry.register(defineAgent({ type: 'worker', id, actions }))
  await registry.start()
  const controlled = new AgentMeshController({
    source: registrySource(registry),
    clock,
    logger: silentLogger,
  })
  registry.watchedBy(controlled)
  await controlled.look()
  expect(registry.resolve('worker')?.id).toBe('one')
  controlled.quarantine('one', 'maintenance')
  expect(registry.resolve('worker')?.id).toBe('two')
  expect(registry.resolve('one')?.id).toBe('one')
  controlled.quarantine('two', 'maintenance')
  expect(registry.resolve('worker')?.id).toBe('one')
  expect(registry.list()[0]).toMatchObject({
    health: 'healthy',
    quarantine: { cause: 'manual', reason: 'maintenance', untilMs: null, isProbing: false },
  })
  controlled.close()
  await registry.close()
})
