import { afterEach, beforeEach, expect, it } from 'vitest'
import { AgentRegistry } from '../src/agents/index.ts'
import { silentTelemetry } from '../src/core/contracts/telemetry.ts'
import { silentLogger } from '../src/core/logger.ts'
import { seededRandom } from '../src/core/random.ts'
import { EmbeddedEngine, type EmbeddedEngineParts, MemoryJournal } from '../src/engine/index.ts'
import { call, probe } from '../src/testing/engine-stage.ts'
import { FakeTime, type LifeClock } from '../src/testing/fake-clock.ts'
import { deaf, ScriptedAgents } from '../src/testing/scripted-agents.ts'

const time = new FakeTime()
const script = new ScriptedAgents()
let journal: MemoryJournal
let clock: LifeClock
let engine: EmbeddedEngine

async function open(parts: Partial<EmbeddedEngineParts> = {}): Promise<void> {
  clock?.die()
  clock = time.newLife()
  const registry = new AgentRegistry({ clock, logger: silentLogger })
  for (const agent of script.agents()) registry.register(agent)
  const started = registry.start()
  await time.advance(0)
  await started
  engine = new EmbeddedEngine({
    journal,
    agents: registry,
    clock,
    random: seededRandom(3),
    logger: silentLogger,
    telemetry: silentTelemetry,
    flags: null,
    listeners: new Set(),
    release: () => Promise.resolve(),
    ...parts,
  })
}

beforeEach(async () => {
  journal = new MemoryJournal()
  script.run = ({ input }) => input
  script.calls.length = 0
  await open()
})

afterEach(() => clock.die())

const start = async (
  data: Parameters<typeof engine.startWorkflow>[1],
  executionId: string,
): Promise<string> => {
  const begun = engine.startWorkflow('probe', data, { executionId })
  begun.catch(() => {})
  await time.advance(0)
  return begun
}

async function ended(executionId: string): Promise<string> {
  const ending = engine.continueWorkflow(executionId)
  await time.advance(0)
  return (await ending).status
}

it('an execution that only sleeps is out of memory, and comes back when it is due', async () => {
  await start(probe({ a: { sleep: '1h' }, b: call('write', { needs: ['a'] }) }), 'x')
  expect(engine.held.executions).toBe(0)
  expect((await engine.getExecution('x')).status).toBe('waiting')
  await time.advance(3_600_000)
  expect(script.keys).toEqual(['x/b/1'])
  expect(await ended('x')).toBe('completed')
  expect(engine.held).toEqual({ timers: 0, attempts: 0, slots: 0, executions: 0 })
})

it('an execution is not put out of memory between its commit and what that arms', async () => {
  // Whoever takes executions up in that moment looks whether this one may be parked.
  const onEvent = ({ event }: { readonly event: { readonly kind: string } }): void => {
    if (event.kind === 'StepScheduled') engine.recoverAll()
  }
  await open({ listeners: new Set([{ onEvent }]) })
  await start(probe({ a: { sleep: '1h' } }), 'x')
  await time.advance(3_600_000)
  expect((await engine.getExecution('x')).status).toBe('completed')
})

it('who waits for the end of an execution waits while it is out of memory', async () => {
  const ending = engine.executeWorkflow('probe', probe({ a: { sleep: '1d' } }), {
    executionId: 'x',
  })
  await time.advance(0)
  expect(engine.held.executions).toBe(0)
  await time.advance(86_400_000)
  expect((await ending).status).toBe('completed')
})

it('a short sleep stays in memory', async () => {
  await start(probe({ a: { sleep: '5s' } }), 'x')
  expect(engine.held.executions).toBe(1)
})

it('over activeExecutionsMax a start is refused and nothing of it is there; sleepers do not count', async () => {
  await open({ limits: { activeExecutionsMax: 2 } })
  script.run = () => deaf
  for (const id of ['s1', 's2', 's3']) await start(probe({ a: { sleep: '1h' } }), id)
  for (const id of ['r1', 'r2']) await start(probe({ a: call('write') }), id)
  await expect(start(probe({ a: call('write') }), 'r3')).rejects.toMatchObject({
    code: 'ResourceExhaustionError',
    retryable: true,
    message: expect.stringContaining('activeExecutionsMax') as string,
  })
  await expect(engine.getExecution('r3')).rejects.toMatchObject({ code: 'NotFoundError' })
  script.call('a').resolve(null)
  await time.advance(0)
  await start(probe({ a: call('write') }), 'r3')
})

it('over openExecutionsMax a start is refused, sleepers count', async () => {
  await open({ limits: { openExecutionsMax: 3 } })
  for (const id of ['s1', 's2', 's3']) await start(probe({ a: { sleep: '1h' } }), id)
  await expect(start(probe({ a: { sleep: '1h' } }), 's4')).rejects.toMatchObject({
    message: expect.stringContaining('openExecutionsMax') as string,
  })
})

it('a child runs under the place of its root', async () => {
  await open({ limits: { activeExecutionsMax: 1 } })
  const kid = { ...probe({ k: call('write') }), name: 'kid' }
  const begun = engine.startWorkflow('probe', probe({ page: { workflow: { name: 'kid' } } }), {
    executionId: 'p',
    workflows: [kid],
  })
  await time.advance(0)
  expect(await ended(await begun)).toBe('completed')
})

it('a process under pressure takes nothing more on', async () => {
  let pressure: string | null = null
  await open({ pressure: () => pressure })
  await start(probe({ a: call('write') }), 'x')
  pressure = 'the heap is full; heapShareMax is 0.8'
  await expect(start(probe({ a: call('write') }), 'y')).rejects.toMatchObject({
    code: 'ResourceExhaustionError',
    message: expect.stringContaining('heapShareMax') as string,
  })
  expect(await ended('x')).toBe('completed')
})

it('recovery drives no more at once than may be active, and all in the end', async () => {
  script.run = () => deaf
  for (let n = 0; n < 10; n++) await start(probe({ a: call('write') }), `x${n}`)
  await open({ limits: { activeExecutionsMax: 3 } })
  script.calls.length = 0
  expect(engine.recoverAll()).toBe(10)
  await time.advance(0)
  expect(script.calls).toHaveLength(3)
  for (let n = 0; n < 10; n++) {
    script.calls[n]?.resolve(null)
    await time.advance(0)
  }
  for (let n = 0; n < 10; n++) expect(await ended(`x${n}`)).toBe('completed')
})

it('a long execution is loaded from its newest snapshot, and from the journal when that is damaged', async () => {
  const numbers = Array.from({ length: 400 }, (_, number) => number)
  const document = probe({
    many: call('write', { forEach: JSON.stringify(numbers), maxParallel: 50 }),
    gate: { needs: ['many'], waitFor: { signal: 'go' } },
    last: call('write', { needs: ['gate'] }),
  })
  await start(document, 'x')
  await time.advance(0)
  const row = journal.find('x')
  const snapshot = journal.snapshot(row?.execution ?? 0)
  expect(snapshot?.seq).toBeGreaterThan(500)
  let rowsRead = 0
  const reading = new Proxy(journal, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const given: unknown = Reflect.apply(value, target, args)
        if (name === 'rows') rowsRead += (given as readonly unknown[]).length
        if (name === 'snapshot' && isDamaged) return { ...(given as object), payload: '[2' }
        return given
      }
    },
  })
  let isDamaged = false
  await open({ journal: reading })
  engine.recoverAll()
  await time.advance(0)
  const fromSnapshot = rowsRead
  isDamaged = true
  rowsRead = 0
  await open({ journal: reading })
  engine.recoverAll()
  await time.advance(0)
  expect(fromSnapshot).toBeLessThan(rowsRead)
  const signalled = engine.signal('x', 'go', null)
  await time.advance(0)
  await signalled
  expect(await ended('x')).toBe('completed')
  expect(new Set(script.keys).size).toBe(script.keys.length)
})

it('retention removes what ended long ago when executions end, and starts stay idempotent', async () => {
  await open({ retention: { days: 1 } })
  await start(probe({ a: call('write') }), 'old')
  await time.advance(2 * 86_400_000)
  await start(probe({ a: call('write') }), 'new')
  await time.advance(600_000)
  await start(probe({ a: call('write') }), 'newer')
  await time.advance(0)
  expect(await engine.getExecution('old')).toMatchObject({ status: 'completed', steps: {} })
  await expect(engine.rollback('old', 'start')).rejects.toMatchObject({ code: 'NotFoundError' })
  const calls = script.calls.length
  const again = engine.executeWorkflow('probe', probe({ a: call('write') }), { executionId: 'old' })
  await time.advance(0)
  expect(await again).toMatchObject({ status: 'completed', output: null, steps: {} })
  expect(script.calls).toHaveLength(calls)
})
