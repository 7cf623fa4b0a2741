import { expect, test } from 'vitest'
import type { LogFields, Logger, LogLevel } from '../core/logger.ts'
import { limits } from '../core/limits.ts'
import { BaseAgent } from './base-agent.ts'
import { callOnce } from './call-once.ts'
import { agentConfiguration, type AgentSettings, refuseUnsupported } from './configuration.ts'
import type { AgentContext } from './contract.ts'
import { FakeClock } from './fake-clock.ts'
import type { AgentHost } from './host.ts'
import { AgentRegistry } from './registry.ts'

type Run = (input: never, context: AgentContext) => unknown

function agentOf(config: AgentSettings, run: Run = () => null): BaseAgent {
  return new BaseAgent({ type: 'ledger', config, actions: { act: { effect: 'read', run } } })
}

function httpAgent(config: AgentSettings): BaseAgent {
  return new BaseAgent({ type: 'remote', config, actions: { act: { effect: 'read' } } })
}

async function started(agent: BaseAgent, host: Partial<AgentHost> = {}): Promise<BaseAgent> {
  await agent.init({ clock: new FakeClock(), ...host })
  return agent
}

const hang = (): Promise<never> => new Promise(() => undefined)

class ListLogger implements Logger {
  readonly lines: [LogLevel, string, LogFields][] = []
  readonly #fields: LogFields
  constructor(fields: LogFields = {}, lines: [LogLevel, string, LogFields][] = []) {
    this.#fields = fields
    this.lines = lines
  }
  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.lines.push([level, message, { ...this.#fields, ...fields }])
  }
  with(fields: LogFields): Logger {
    return new ListLogger({ ...this.#fields, ...fields }, this.lines)
  }
}

test('agentId is the name that the registry and the journalled contract use', () => {
  const registry = new AgentRegistry()
  registry.register(agentOf({ agentId: 'ledger-2' }))
  expect(registry.resolve('ledger-2')?.contract('act')?.agentId).toBe('ledger-2')
})

test('agentType is the name under which agents share work', () => {
  const registry = new AgentRegistry()
  const config = agentConfiguration({ agentId: 'a-1', agentType: 'archive' })
  registry.register(
    new BaseAgent({ type: 'archive', config, actions: { act: { effect: 'read', run: hang } } }),
  )
  expect(registry.resolve('archive')?.id).toBe('a-1')
})

test('capabilities make an agent findable and are listed', async () => {
  const registry = new AgentRegistry({ clock: new FakeClock() })
  registry.register(agentOf({ capabilities: ['bookkeeping'] }))
  await registry.start()
  expect(registry.withCapability('bookkeeping').map(({ id }) => id)).toEqual(['ledger'])
  expect(registry.withCapability('flying')).toEqual([])
  expect(registry.list()[0]?.capabilities).toEqual(['bookkeeping'])
})

test('maxConcurrent and queueMax size the pool', () => {
  const { pool } = agentOf({ resourceLimits: { maxConcurrent: 1, queueMax: 1 } })
  const answers = [1, 2, 3].map(() => pool.acquire(() => undefined))
  expect(answers).toEqual(['granted', 'queued', 'full'])
})

test('timeoutMs caps the timeout of a step, and stands in where it has none', async () => {
  for (const timeoutMs of [60_000, null]) {
    const clock = new FakeClock()
    const agent = await started(agentOf({ resourceLimits: { timeoutMs: 50 } }, hang), { clock })
    const { outcome, settled } = callOnce(agent, 'act', { timeoutMs })
    clock.advance(49)
    expect(settled()).toBe(0)
    clock.advance(1)
    expect(await outcome).toMatchObject({ error: { code: 'WorkflowTimeoutError' } })
  }
})

test('timeoutMs does not lengthen the timeout of a step', async () => {
  const clock = new FakeClock()
  const agent = await started(agentOf({ resourceLimits: { timeoutMs: 50 } }, hang), { clock })
  const { outcome } = callOnce(agent, 'act', { timeoutMs: 20 })
  clock.advance(20)
  expect(await outcome).toMatchObject({ error: { details: { timeoutMs: 20 } } })
})

test('payloadBytesMax bounds the input and the output', async () => {
  const agent = await started(
    agentOf({ resourceLimits: { payloadBytesMax: 10 } }, () => 'x'.repeat(9)),
  )
  const refused = {
    kind: 'failed',
    error: { code: 'ResourceExhaustionError', details: { max: 10 } },
  }
  expect(await callOnce(agent, 'act', { input: 'y'.repeat(9) }).outcome).toMatchObject(refused)
  expect(await callOnce(agent, 'act', { input: { a: 'yyyyyyy' } }).outcome).toMatchObject(refused)
  expect(await callOnce(agent, 'act', { input: 'y' }).outcome).toMatchObject(refused)
  const small = await started(
    agentOf({ resourceLimits: { payloadBytesMax: 10 } }, () => 'x'.repeat(8)),
  )
  expect(await callOnce(small, 'act', { input: 'y' }).outcome).toMatchObject({ kind: 'completed' })
})

const logThree: Run = (_input, context) => {
  for (const level of ['debug', 'info', 'error'] as const) {
    context.logger.log(level, 'line', { a: 1 })
  }
}

test('logLevel drops the lines below it', async () => {
  for (const [logLevel, expected] of [
    ['debug', ['debug', 'info', 'error']],
    ['info', ['info', 'error']],
    ['error', ['error']],
  ] as const) {
    const logger = new ListLogger()
    const agent = await started(agentOf({ observabilityConfig: { logLevel } }, logThree), {
      logger,
    })
    await callOnce(agent, 'act').outcome
    expect(logger.lines.map(([level]) => level)).toEqual(expected)
    expect(logger.lines[0]?.[2]).toMatchObject({
      agentId: 'ledger',
      executionId: 'e-1',
      stepId: 'write',
      a: 1,
    })
  }
})

test('recordPayloads decides whether inputs and outputs are logged', async () => {
  for (const recordPayloads of [true, false]) {
    const logger = new ListLogger()
    const agent = await started(
      agentOf({ observabilityConfig: { recordPayloads } }, () => ({ out: 2 })),
      { logger },
    )
    await callOnce(agent, 'act', { input: { in: 1 } }).outcome
    const payloads = logger.lines.map(([, , { input, output }]) => ({ input, output }))
    expect(payloads).toEqual(recordPayloads ? [{ input: { in: 1 }, output: { out: 2 } }] : [])
  }
})

test('traceSampleRatio is the share of calls that get a span', async () => {
  for (const [traceSampleRatio, expected] of [
    [0, []],
    [0.5, ['completed', 'completed']],
    [1, ['completed', 'completed', 'completed', 'completed']],
  ] as const) {
    const spans: string[] = []
    const draws = [0.1, 0.6, 0.4, 0.9]
    const tracer = {
      start: () => ({
        traceparent: null,
        end: ({ kind }: { kind: string }) => void spans.push(kind),
      }),
    }
    const host = { tracer, random: () => draws.shift() ?? 0 }
    const agent = await started(agentOf({ observabilityConfig: { traceSampleRatio } }), host)
    for (let call = 0; call < 4; call++) await callOnce(agent, 'act').outcome
    expect(spans).toEqual(expected)
  }
})

const address = 'https://agents.example/ledger'
test.each([
  ['resourceLimits.cpu', agentOf({ resourceLimits: { cpu: 1 } }), 'in-process'],
  ['resourceLimits.gpu', agentOf({ resourceLimits: { gpu: 1 } }), 'in-process'],
  [
    'resourceLimits.gpu',
    httpAgent({ communicationConfig: { address }, resourceLimits: { gpu: 1 } }),
    'http',
  ],
  [
    'memoryConfig',
    httpAgent({ communicationConfig: { address }, memoryConfig: { entriesMax: 10 } }),
    'http',
  ],
  [
    'communicationConfig.tls',
    agentOf({ communicationConfig: { tls: { caPath: 'x' } } }),
    'in-process',
  ],
  [
    'communicationConfig.auth',
    agentOf({ communicationConfig: { auth: { kind: 'bearer', token: 't' } } }),
    'in-process',
  ],
  [
    'communicationConfig.address',
    agentOf({ communicationConfig: { transport: 'in-process', address } }),
    'in-process',
  ],
  [
    'communicationConfig.address',
    httpAgent({ communicationConfig: { transport: 'http' } }),
    'http',
  ],
  [
    'communicationConfig.address',
    httpAgent({ communicationConfig: { address: 'ftp://x' } }),
    'http',
  ],
  [
    'communicationConfig.address',
    httpAgent({ communicationConfig: { address: 'http://u:p@x' } }),
    'http',
  ],
  [
    'communicationConfig.tls',
    httpAgent({ communicationConfig: { address: 'http://x', tls: { caPath: 'x' } } }),
    'http',
  ],
  [
    'communicationConfig.tls',
    httpAgent({ communicationConfig: { address, tls: { keyPath: 'x' } } }),
    'http',
  ],
])(
  '%s is refused at registration where the transport cannot honour it',
  (field, agent, transport) => {
    const registry = new AgentRegistry()
    const refused = `${field} is refused by the ${transport} transport`
    expect(() => registry.register(agent)).toThrow(refused)
    expect(registry.names()).toEqual([])
  },
)

test('the transport follows from the address, and contradictions are refused', () => {
  expect(httpAgent({ communicationConfig: { address } }).config.communicationConfig.transport).toBe(
    'http',
  )
  expect(() => agentOf({ communicationConfig: { transport: 'http' } })).toThrow(
    'an HTTP agent has no run',
  )
})

test('data from YAML or JSON is completed with the defaults', () => {
  expect(agentConfiguration({ agentType: 'ledger', resourceLimits: { timeoutMs: '30s' } })).toEqual(
    {
      agentId: 'ledger',
      agentType: 'ledger',
      capabilities: [],
      resourceLimits: {
        maxConcurrent: limits.maxConcurrent,
        queueMax: limits.queueMax,
        timeoutMs: 30_000,
        breaker: {
          failureRatio: 0.5,
          callsMin: 20,
          windowMs: 30_000,
          openMs: 10_000,
          probes: 1,
        },
        budget: null,
        payloadBytesMax: limits.payloadBytesMax,
      },
      communicationConfig: { transport: 'in-process', address: null },
      memoryConfig: {
        namespaces: ['default'],
        entriesMax: 10_000,
        bytesMax: 16_777_216,
        entryBytesMax: 65_536,
        ttlMs: null,
        eviction: 'oldest',
        recallLimit: 10,
        scoreMin: 0.1,
      },
      observabilityConfig: { logLevel: 'info', recordPayloads: false, traceSampleRatio: 1 },
    },
  )
})

test.each([
  [{ agentTyp: 'x' }, "unknown key 'agentTyp', did you mean 'agentType'?"],
  [{ agentType: 'x', resourceLimits: { timeoutMS: 1 } }, "did you mean 'timeoutMs'?"],
  [
    { agentType: 'x', resourceLimits: { timeoutMs: 'soon' } },
    'use milliseconds or a text such as 30s',
  ],
  [{ agentType: 'x', resourceLimits: { maxConcurrent: 0 } }, 'resourceLimits.maxConcurrent'],
  [
    { agentType: 'x', observabilityConfig: { traceSampleRatio: 2 } },
    'observabilityConfig.traceSampleRatio',
  ],
  [
    { agentType: 'x', communicationConfig: { auth: { kind: 'header', name: 'Host', value: 'x' } } },
    'auth.name',
  ],
  [
    { agentType: 'x', communicationConfig: { auth: { kind: 'bearer', token: 'a\nb' } } },
    'auth.token',
  ],
  [{ agentType: 'x', memoryConfig: { entriesmax: 1 } }, "did you mean 'entriesMax'?"],
  [{ agentType: 'x', memoryConfig: { ttlMs: 'soon' } }, 'memoryConfig.ttlMs'],
  [{}, 'agentType is missing'],
  [null, 'agent configuration'],
])('a wrong configuration is refused: %j', (data, message) => {
  expect(() => agentConfiguration(data)).toThrow(message)
})

test('requestsPerMinute bounds the calls that begin in any 60 s', async () => {
  const clock = new FakeClock()
  const agent = await started(agentOf({ resourceLimits: { requestsPerMinute: 2 } }), { clock })
  let granted = 0
  const ask = (): void => {
    const grant = (): void => void granted++
    if (agent.pool.acquire(grant) === 'granted') grant()
  }
  for (let call = 0; call < 3; call++) ask()
  clock.advance(59_999)
  expect([granted, agent.pool.waiting]).toEqual([2, 1])
  clock.advance(1)
  expect([granted, agent.pool.waiting]).toEqual([3, 0])
})

test('a breaker takes durations as texts, keeps its other defaults, and null switches it off', () => {
  const breakerOf = (breaker: NonNullable<AgentSettings['resourceLimits']>['breaker']) =>
    agentOf({ resourceLimits: { breaker: breaker ?? null } }).pool.breaker
  expect(breakerOf({ openMs: '1m', probes: 3 })?.settings).toMatchObject({
    failureRatio: 0.5,
    openMs: 60_000,
    probes: 3,
  })
  expect(breakerOf(null)).toBe(null)
  expect(() => breakerOf({ failureRatio: 0 })).toThrow('resourceLimits.breaker.failureRatio')
})

test('a budget is unlimited where it says nothing, and never begins anew unless it says so', () => {
  const budgetOf = (budget: NonNullable<AgentSettings['resourceLimits']>['budget']) =>
    agentOf({ resourceLimits: { budget: budget ?? null } }).budget
  expect(budgetOf({ tokens: 5 })).toEqual({
    calls: null,
    tokens: 5,
    costUsd: null,
    per: 'total',
  })
  expect(budgetOf({ costUsd: 0.5, per: 'day' })).toMatchObject({ costUsd: 0.5, per: 'day' })
  expect(() => budgetOf({ tokens: -1 })).toThrow('resourceLimits.budget.tokens')
  expect(() => budgetOf({ token: 1 } as never)).toThrow("did you mean 'tokens'?")
})

test('an agent of the mesh is found under its type or another one, and takes no settings of connections', () => {
  const reach = (communicationConfig: object) =>
    agentConfiguration({
      agentType: 'ledger',
      communicationConfig: { transport: 'mesh', ...communicationConfig },
    })
  expect(reach({}).communicationConfig.address).toBe('ledger')
  expect(reach({ address: 'books' }).communicationConfig.address).toBe('books')
  const refused = (communicationConfig: object) => () =>
    refuseUnsupported(reach(communicationConfig))
  expect(refused({})).not.toThrow()
  expect(refused({ tls: {} })).toThrow('the mesh has its own connections')
  expect(refused({ address: 'http://x' })).toThrow("'http://x' is no type of an agent")
})
