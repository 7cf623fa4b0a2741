import { expect, test } from 'vitest'
import type { AgentDefinition } from './agent-definition.ts'
import { BaseAgent } from './base-agent.ts'
import { callOnce } from './call-once.ts'
import type { ActionDefinition } from './contract.ts'
import { FakeClock } from './fake-clock.ts'
import type { AgentTransport } from './transport.ts'

const hang = (): Promise<never> => new Promise(() => undefined)

function definitionOf(action: Partial<ActionDefinition> = {}): AgentDefinition {
  return { type: 'scribe', actions: { act: { effect: 'once', run: () => 1, ...action } } }
}

class Scribe extends BaseAgent {
  fault: Error | null = null
  readonly seen: string[] = []

  constructor(action: Partial<ActionDefinition> = {}) {
    super(definitionOf(action))
  }

  protected override onInit(): void {
    this.seen.push('init')
    if (this.fault !== null) throw this.fault
  }

  protected override async onHealth(): Promise<void> {
    if (this.fault !== null) throw this.fault
  }

  protected override onClose(): void {
    this.seen.push('close')
    if (this.fault !== null) throw this.fault
  }
}

test('an agent goes from registered over starting to ready, and is stopped by close', async () => {
  const agent = new Scribe()
  expect(agent.state).toBe('registered')
  const starting = agent.init()
  expect(agent.state).toBe('starting')
  expect(agent.init()).toBe(starting)
  await starting
  await agent.init()
  expect(agent.state).toBe('ready')
  await agent.close()
  await agent.close()
  expect(agent.state).toBe('stopped')
  expect(agent.seen).toEqual(['init', 'close'])
})

test('a stopped agent can be started again', async () => {
  const agent = new Scribe()
  await agent.init()
  await agent.close()
  await agent.init()
  expect(await callOnce(agent, 'act').outcome).toEqual({ kind: 'completed', output: 1 })
})

test('an agent takes calls only when it is ready, and a refused call is a definite failure', async () => {
  const agent = new Scribe()
  const unavailable = { kind: 'failed', error: { code: 'AgentUnavailableError', retryable: true } }
  expect(await callOnce(agent, 'act').outcome).toMatchObject(unavailable)
  await agent.init()
  expect(await callOnce(agent, 'act').outcome).toMatchObject({ kind: 'completed' })
  await agent.drain()
  expect(agent.state).toBe('draining')
  expect(await callOnce(agent, 'act').outcome).toMatchObject(unavailable)
  await agent.close()
  expect(await callOnce(agent, 'act').outcome).toMatchObject(unavailable)
})

test('a call of an unknown action fails and names those there are', async () => {
  const agent = new Scribe()
  await agent.init()
  const outcome = await callOnce(agent, 'write').outcome
  expect(outcome).toMatchObject({
    kind: 'failed',
    error: { retryable: false, hint: 'its actions: act' },
  })
})

test('an agent that fails to start is quarantined until it is released', async () => {
  const agent = new Scribe()
  agent.fault = new Error('no model')
  await expect(agent.init()).rejects.toMatchObject({
    code: 'AgentUnavailableError',
    message: "agent 'scribe' is quarantined: no model",
  })
  expect(agent.state).toBe('quarantined')
  expect(await agent.health()).toMatchObject({ healthy: false, reason: 'no model' })
  await expect(agent.init()).rejects.toMatchObject({ code: 'AgentUnavailableError' })
  agent.fault = null
  expect(agent.release()).toBe(true)
  expect(agent.release()).toBe(false)
  expect([agent.state, agent.reason]).toEqual(['registered', null])
  await agent.init()
  expect(agent.state).toBe('ready')
})

test('an agent whose start hangs is quarantined after 30 s', async () => {
  class Hanging extends BaseAgent {
    protected override onInit(): Promise<void> {
      return hang()
    }
  }
  const clock = new FakeClock()
  const agent = new Hanging(definitionOf())
  const starting = agent.init({ clock })
  clock.advance(30_000)
  await expect(starting).rejects.toMatchObject({ code: 'AgentUnavailableError' })
  expect(agent.state).toBe('quarantined')
})

test('health says what onHealth complains about', async () => {
  const agent = new Scribe()
  await agent.init()
  expect(await agent.health()).toEqual({
    state: 'ready',
    healthy: true,
    running: 0,
    waiting: 0,
    reason: null,
  })
  agent.fault = new Error('disk is slow')
  expect(await agent.health()).toMatchObject({
    state: 'ready',
    healthy: false,
    reason: 'disk is slow',
  })
})

test('drain waits for the calls under way', async () => {
  const { promise, resolve } = Promise.withResolvers<number>()
  const agent = new Scribe({ run: () => promise })
  await agent.init()
  const { outcome } = callOnce(agent, 'act')
  const order: string[] = []
  const drained = agent.drain().then(() => order.push('drained'))
  void outcome.then(() => order.push('completed'))
  expect(agent.running).toBe(1)
  resolve(7)
  await drained
  expect(order).toContain('completed')
  expect(agent.running).toBe(0)
})

test('drain gives up after its limit, and close aborts what still runs', async () => {
  const clock = new FakeClock()
  let signal: AbortSignal | undefined
  const agent = new Scribe({
    run: (_input, context) => {
      signal = context.signal
      return hang()
    },
  })
  await agent.init({ clock })
  const { outcome } = callOnce(agent, 'act', { timeoutMs: null })
  const drained = agent.drain(5_000)
  await Promise.resolve()
  clock.advance(5_000)
  await drained
  await agent.close()
  expect(await outcome).toMatchObject({
    kind: 'unknown',
    error: { code: 'WorkflowCancelledError' },
  })
  expect(signal?.aborted).toBe(true)
})

test('a complaint of onClose does not keep the agent from stopping', async () => {
  const lines: string[] = []
  const logger = {
    log: (_level: string, message: string) => void lines.push(message),
    with: () => logger,
  }
  const agent = new Scribe()
  await agent.init({ logger })
  agent.fault = new Error('stuck')
  await agent.close()
  expect(agent.state).toBe('stopped')
  expect(lines).toEqual(['agent scribe failed to close'])
})

test('lookup tells the recorded output, never, or that nobody knows', async () => {
  const recorded = new Map<string, unknown>([
    ['done', { ok: true }],
    ['null', null],
    ['bad', { n: Number.NaN }],
  ])
  const agent = new Scribe({
    lookup: (key) => {
      if (key === 'broken') throw new Error('database is down')
      return recorded.get(key)
    },
  })
  expect(await agent.lookup('act', 'done')).toMatchObject({ kind: 'unknown' })
  await agent.init()
  expect(agent.contract('act')?.hasLookup).toBe(true)
  expect(await agent.lookup('act', 'done')).toEqual({ kind: 'completed', output: { ok: true } })
  expect(await agent.lookup('act', 'null')).toEqual({ kind: 'completed', output: null })
  expect(await agent.lookup('act', 'new')).toEqual({ kind: 'never' })
  expect(await agent.lookup('act', 'broken')).toMatchObject({
    kind: 'unknown',
    error: { message: 'database is down' },
  })
  expect(await agent.lookup('act', 'bad')).toMatchObject({
    kind: 'unknown',
    error: { code: 'AgentOutputError' },
  })
  expect(await agent.lookup('write', 'done')).toMatchObject({ kind: 'unknown' })
})

test('without lookup the outcome stays unknown without an error', async () => {
  const agent = new Scribe()
  await agent.init()
  expect(agent.contract('act')?.hasLookup).toBe(false)
  expect(await agent.lookup('act', 'done')).toEqual({ kind: 'unknown', error: null })
})

test('an outcome that the output schema refuses stays unknown', async () => {
  const agent = new Scribe({ output: { type: 'string' }, lookup: () => 7 })
  await agent.init()
  expect(await agent.lookup('act', 'k')).toMatchObject({
    kind: 'unknown',
    error: { code: 'AgentOutputError' },
  })
})

test('a lookup that hangs ends after its timeout', async () => {
  const clock = new FakeClock()
  const agent = new Scribe({ lookup: hang })
  await agent.init({ clock })
  const outcome = agent.lookup('act', 'k', 2_000)
  clock.advance(2_000)
  expect(await outcome).toMatchObject({ kind: 'unknown', error: { code: 'WorkflowTimeoutError' } })
})

test('an agent may bring its own transport, whose actions have no run', async () => {
  const transport: AgentTransport = {
    name: 'pigeon',
    open() {},
    call: (call, input) => call.returned({ carried: input }),
    lookup: async () => undefined,
    close() {},
  }
  const agent = new BaseAgent({ type: 'x', actions: { fly: { effect: 'read' } } }, transport)
  await agent.init()
  expect(await callOnce(agent, 'fly', { input: 'seed' }).outcome).toEqual({
    kind: 'completed',
    output: { carried: 'seed' },
  })
  const actions = { fly: { effect: 'read', run: () => 1 } } as const
  expect(() => new BaseAgent({ type: 'x', actions }, transport)).toThrow('leave out run')
})
