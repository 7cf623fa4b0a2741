import { expect, test } from 'vitest'
import { z } from 'zod'
import type { AgentDefinition } from './agent-definition.ts'
import { BaseAgent } from './base-agent.ts'
import { callOnce, plainCall } from './call-once.ts'
import type { ActionDefinition, AgentContext, CallOutcome } from './contract.ts'
import { FakeClock } from './fake-clock.ts'
import type { ProgressListener } from './host.ts'
import { suspend } from './suspend.ts'

type Run = (input: never, context: AgentContext) => unknown

async function agentOf(
  action: Partial<ActionDefinition> & { readonly run: Run },
  config: AgentDefinition['config'] = {},
  onProgress: ProgressListener | null = null,
) {
  const clock = new FakeClock()
  const actions = { act: { effect: 'idempotent', ...action } as const }
  const agent = new BaseAgent({ type: 'ledger', actions, config })
  await agent.init({ clock, onProgress })
  return { agent, clock }
}

async function outcomeOf(
  run: Run,
  effect: ActionDefinition['effect'] = 'idempotent',
): Promise<CallOutcome> {
  const { agent } = await agentOf({ run, effect })
  return callOnce(agent, 'act').outcome
}

function codeOf(outcome: CallOutcome): string {
  return 'error' in outcome
    ? `${outcome.kind} ${outcome.error.code} ${outcome.error.retryable}`
    : outcome.kind
}

const hang = (): Promise<never> => new Promise(() => undefined)
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
const throwing = (value: unknown) => () => {
  throw value
}
const fails = (retryable?: boolean) =>
  throwing(Object.assign(new Error('no'), retryable === undefined ? {} : { retryable }))
const echo = (input: unknown) => input
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a value, a promise and a foreign thenable complete the call', async () => {
  // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
  const thenable = { then: (done: (value: unknown) => void) => done({ ok: 3 }) }
  expect(await outcomeOf(() => ({ ok: 1 }))).toEqual({ kind: 'completed', output: { ok: 1 } })
  expect(await outcomeOf(async () => ({ ok: 2 }))).toEqual({ kind: 'completed', output: { ok: 2 } })
  expect(await outcomeOf(() => thenable)).toEqual({ kind: 'completed', output: { ok: 3 } })
  expect(await outcomeOf(() => undefined)).toEqual({ kind: 'completed', output: null })
})

test('the outcome is never told before invoke has returned', async () => {
  const { agent } = await agentOf({ run: () => 1 })
  let hasReturned = false
  const told = new Promise<boolean>((resolve) => {
    agent.invoke('act', plainCall, () => resolve(hasReturned))
  })
  hasReturned = true
  expect(await told).toBe(true)
})

test('every call has its own copy of the input', async () => {
  const input = Object.freeze({ list: Object.freeze([1]) })
  const { agent } = await agentOf({
    run: (given: { list: number[] }) => {
      given.list.push(2)
      return given
    },
  })
  expect(await callOnce(agent, 'act', { input }).outcome).toEqual({
    kind: 'completed',
    output: { list: [1, 2] },
  })
  expect(input).toEqual({ list: [1] })
})

test('the context carries what the call says, and shared parts as copies', async () => {
  let seen: AgentContext | undefined
  const { agent, clock } = await agentOf({
    run: (_input, context) => {
      seen = context
      ;(context.tda as { available: boolean }).available = true
      return [context.deadlineMs, context.signal.aborted]
    },
  })
  const resumed = { signal: 'approval', data: { yes: true }, resumeToken: 7 }
  const { outcome } = callOnce(agent, 'act', { index: 3, attempt: 2, timeoutMs: 500, resumed })
  expect(await outcome).toEqual({ kind: 'completed', output: [clock.nowMs() + 500, false] })
  expect(seen).toMatchObject({
    executionId: 'e-1',
    stepId: 'write',
    index: 3,
    attempt: 2,
    idempotencyKey: 'e-1/write/1',
    correlationId: 'c-1',
  })
  expect(seen?.resumed).toEqual(resumed)
  expect(seen?.budget).toMatchObject({ agentCallsLeft: null, tokensLeft: null })
  expect(plainCall.tda.available).toBe(false)
})

test('what an agent throws is classified by its effect and its own word', async () => {
  expect(codeOf(await outcomeOf(fails()))).toBe('failed AgentError true')
  expect(codeOf(await outcomeOf(fails(false)))).toBe('failed AgentError false')
  expect(codeOf(await outcomeOf(fails(), 'once'))).toBe('unknown AgentError true')
  expect(codeOf(await outcomeOf(fails(false), 'once'))).toBe('failed AgentError false')
  expect(codeOf(await outcomeOf(() => Promise.reject(new Error('late')), 'once'))).toBe(
    'unknown AgentError true',
  )
})

test('whatever is thrown or returned, nothing leaks: throwing getters, proxies, null', async () => {
  const evil = new Proxy(
    {},
    {
      get() {
        throw new Error('get')
      },
      has() {
        throw new Error('has')
      },
    },
  )
  // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
  const trapped = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('trapped')
    },
  })
  const unreadable = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('again')
    },
  })
  expect(codeOf(await outcomeOf(throwing(null)))).toBe('failed AgentError true')
  expect(codeOf(await outcomeOf(throwing(evil)))).toBe('failed AgentError true')
  expect(codeOf(await outcomeOf(throwing(unreadable)))).toBe('failed AgentError true')
  expect(codeOf(await outcomeOf(() => trapped))).toBe('failed AgentError true')
  expect(codeOf(await outcomeOf(() => evil))).toMatch(/^failed/)
  const getter = {
    get amount(): number {
      throw new Error('no amount')
    },
  }
  expect(codeOf(await outcomeOf(() => getter))).toBe('failed AgentOutputError true')
})

test('a call that hangs ends at its deadline, its signal is aborted, its late answer is ignored', async () => {
  let signal: AbortSignal | undefined
  const { promise, resolve: answer } = Promise.withResolvers<unknown>()
  const { agent, clock } = await agentOf({
    run: (_input, context) => {
      signal = context.signal
      return promise
    },
  })
  const { outcome, settled } = callOnce(agent, 'act', { timeoutMs: 1_000 })
  clock.advance(999)
  expect(settled()).toBe(0)
  clock.advance(1)
  expect(await outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'WorkflowTimeoutError', retryable: true, details: { timeoutMs: 1_000 } },
  })
  expect(signal?.aborted).toBe(true)
  answer({ late: true })
  await nextTurn()
  expect(settled()).toBe(1)
  expect(agent.running).toBe(0)
})

test('a timeout or an abort of a once action is unknown after the call, failed before it', async () => {
  const sent = await agentOf({ effect: 'once', run: hang })
  const timedOut = callOnce(sent.agent, 'act', { timeoutMs: 10 })
  sent.clock.advance(10)
  expect(codeOf(await timedOut.outcome)).toBe('unknown WorkflowTimeoutError true')
  const stops = await agentOf({ effect: 'once', run: (_, { signal }) => untilAborted(signal) })
  const aborted = callOnce(stops.agent, 'act')
  aborted.running.abort('cancelled')
  aborted.running.abort('again')
  expect(codeOf(await aborted.outcome)).toBe('unknown WorkflowCancelledError true')

  let calls = 0
  const slow = z.unknown().refine(() => hang())
  const unsent = await agentOf({ effect: 'once', input: slow, run: () => void calls++ })
  const early = callOnce(unsent.agent, 'act', { timeoutMs: 10 })
  unsent.clock.advance(10)
  expect(codeOf(await early.outcome)).toBe('failed WorkflowTimeoutError true')
  expect(calls).toBe(0)
})

test('an aborted function is awaited: a throw is the abort, an answer still counts', async () => {
  const throws = await agentOf({ run: (_, { signal }) => untilAborted(signal) })
  const thrown = callOnce(throws.agent, 'act')
  thrown.running.abort('the execution was cancelled')
  const ended = await thrown.outcome
  expect(codeOf(ended)).toBe('failed WorkflowCancelledError true')
  expect('error' in ended && ended.error.message).toContain('the execution was cancelled')
  expect(thrown.settled()).toBe(1)

  const answers = await agentOf({
    run: (_, { signal }) => untilAborted(signal).catch(() => ({ saved: true })),
  })
  const answered = callOnce(answers.agent, 'act')
  answered.running.abort('cancelled')
  expect(await answered.outcome).toEqual({ kind: 'completed', output: { saved: true } })
})

test('input that its schema refuses never reaches the agent', async () => {
  let calls = 0
  const run = () => void calls++
  const zod = await agentOf({ run, input: z.object({ n: z.number() }) })
  const json = await agentOf({ run, input: { type: 'object', required: ['n'] } })
  for (const { agent } of [zod, json]) {
    const ended = await callOnce(agent, 'act', { input: { m: 1 } }).outcome
    expect(codeOf(ended)).toBe('failed AgentInputError false')
  }
  expect(calls).toBe(0)
})

test('the defaults of an input schema reach the agent', async () => {
  const zod = await agentOf({ run: echo, input: z.object({ n: z.number().default(7) }) })
  const schema = { type: 'object', properties: { n: { type: 'number', default: 7 } } }
  const json = await agentOf({ run: echo, input: schema })
  for (const { agent } of [zod, json]) {
    const { outcome } = callOnce(agent, 'act', { input: {} })
    expect(await outcome).toEqual({ kind: 'completed', output: { n: 7 } })
  }
})

test('output that its schema refuses fails; retryable unless the effect happened for good', async () => {
  for (const output of [z.object({ ok: z.literal(true) }), { type: 'object', required: ['ok'] }]) {
    const again = await agentOf({ run: () => ({}), output })
    expect(codeOf(await callOnce(again.agent, 'act').outcome)).toBe('failed AgentOutputError true')
    const once = await agentOf({ run: () => ({}), output, effect: 'once' })
    expect(codeOf(await callOnce(once.agent, 'act').outcome)).toBe('failed AgentOutputError false')
  }
})

test('an output schema that converts to something that is not JSON fails the call', async () => {
  const { agent } = await agentOf({ run: () => 'x', output: z.string().transform(() => () => 1) })
  expect(codeOf(await callOnce(agent, 'act').outcome)).toBe('failed AgentOutputError true')
})

test('an output of 50 MB is refused by name, in bounded time', async () => {
  const big = 'x'.repeat(50_000_000)
  const startMs = performance.now()
  const ended = await outcomeOf(() => ({ big }))
  expect(codeOf(ended)).toBe('failed ResourceExhaustionError false')
  expect(performance.now() - startMs).toBeLessThan(1_000)
})

test('suspend ends the attempt with the signal to wait for', async () => {
  const schema = { type: 'object' }
  expect(
    await outcomeOf(() => suspend({ signal: 'approval', schema, resumeToken: { at: 2 } })),
  ).toEqual({
    kind: 'suspended',
    signal: 'approval',
    schema,
    resumeToken: { at: 2 },
  })
  expect(await outcomeOf(async () => suspend({ signal: 'approval' }), 'once')).toEqual({
    kind: 'suspended',
    signal: 'approval',
    schema: null,
    resumeToken: null,
  })
  expect(codeOf(await outcomeOf(() => suspend({ signal: '' })))).toBe(
    'failed AgentOutputError false',
  )
})

test('progress is brought into 0..1, reaches the listener, and stops with the call', async () => {
  const reported: (number | string | null)[][] = []
  let context: AgentContext | undefined
  const { agent } = await agentOf(
    {
      run: (_input, given) => {
        context = given
        given.progress(0.5, 'half')
        given.progress(7)
        given.progress(Number.NaN)
      },
    },
    {},
    (call, fraction, note) => void reported.push([call.stepId, fraction, note]),
  )
  await callOnce(agent, 'act').outcome
  context?.progress(0.9)
  expect(reported).toEqual([
    ['write', 0.5, 'half'],
    ['write', 1, null],
  ])
})

test('what a call reports is told with its outcome, whatever that is, and nothing after its end', async () => {
  let report: ((usage: { tokens?: number; costUsd?: number }) => void) | undefined
  const agent = await ready(({ budget }) => {
    report = budget.report
    budget.report({ tokens: 5 })
    budget.report({ costUsd: 0.1 })
    budget.report({ tokens: 2, costUsd: 0.2 })
    throw new Error('down')
  })
  const outcome = await callOnce(agent, 'act').outcome
  expect(outcome).toMatchObject({ kind: 'failed', usage: { tokens: 7, costUsd: 0.3 } })
  expect(outcome).not.toHaveProperty('isUsageOpen')
  report?.({ tokens: 100 })
  expect(outcome.usage?.tokens).toBe(7)
})

test('of a call that timed out nobody knows what it has used', async () => {
  const clock = new FakeClock()
  const agent = await ready(() => new Promise(() => undefined), clock)
  const { outcome } = callOnce(agent, 'act', { timeoutMs: 50 })
  clock.advance(50)
  expect(await outcome).toMatchObject({ kind: 'failed', isUsageOpen: true })
})

test.each([{ tokens: -1 }, { tokens: 0.5 }, { costUsd: Number.NaN }, { costUsd: -0.1 }])(
  'a report of %j fails the call',
  async (usage) => {
    const agent = await ready(({ budget }) => budget.report(usage))
    expect(await callOnce(agent, 'act').outcome).toMatchObject({
      error: { code: 'InputError', message: expect.stringContaining('ctx.budget.report') },
    })
  },
)

async function ready(run: (context: AgentContext) => unknown, clock = new FakeClock()) {
  const agent = new BaseAgent({
    type: 'spender',
    actions: { act: { effect: 'read', run: (_: never, context: AgentContext) => run(context) } },
  })
  await agent.init({ clock })
  return agent
}
