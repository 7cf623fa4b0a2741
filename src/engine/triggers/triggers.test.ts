import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../../core/contracts/tda.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import { FakeTime, type LifeClock } from '../../testing/fake-clock.ts'
import { compileInput, readDocumentData, type WorkflowDocument } from '../../workflow/index.ts'
import type { RegisteredDocument, SkippedTime, TriggerHost, TriggerRef } from './trigger-host.ts'
import { Triggers } from './triggers.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const noonMs = Date.parse('2026-05-04T12:00:00Z')

interface Execution {
  readonly input: JsonObject
  readonly version: string
  isOpen: boolean
}

/** An engine of which only the starts are real; what it recorded outlives its processes. */
class ScriptedHost implements TriggerHost {
  readonly time = new FakeTime(noonMs)
  clock: LifeClock = this.time.newLife()
  readonly executions = new Map<string, Execution>()
  readonly rows: RegisteredDocument[] = []
  readonly refused: [string, string][] = []
  readonly skipped: [number, string][] = []
  readonly logged: string[] = []
  context: TdaContext = unavailableTda
  /** Runs before a start is recorded, and may reject. */
  beforeStart: (id: string) => Promise<void> | void = () => {}
  /** Runs after a start is recorded, before anybody is told. */
  afterStart: (id: string) => Promise<void> | void = () => {}
  readonly #starting = new Set<string>()

  readonly logger: Logger = {
    log: (level, message) => void this.logged.push(`${level}: ${message}`),
    with: () => this.logger,
  }

  register(data: Record<string, unknown>, registeredAtMs = this.time.wallMs): void {
    const { document, problems } = readDocumentData({ name: 'w', version: '1.0.0', steps, ...data })
    if (document === null) throw new Error(JSON.stringify(problems))
    const { name, version } = document
    this.rows.push({ name, version, document, registeredAtMs })
  }

  registry = (): readonly RegisteredDocument[] => this.rows
  tda = (): TdaContext => this.context
  exists = (id: string): boolean => this.executions.has(id)
  openIds = (prefix: string): readonly string[] =>
    [...this.executions]
      .filter(([id, { isOpen }]) => isOpen && id.startsWith(prefix))
      .map(([id]) => id)

  async start(
    document: WorkflowDocument,
    input: JsonObject,
    { executionId: id }: { readonly executionId: string },
  ): Promise<'started' | 'existed'> {
    if (this.#starting.has(id)) throw new Error(`${id} is started twice at the same time`)
    if (this.executions.has(id)) throw new Error(`${id} exists, and is started again`)
    const { problems } = compileInput(document.input)(input)
    if (problems.length > 0) throw new OrchestrationError('InputError', 'the schema refuses it')
    this.#starting.add(id)
    try {
      await this.beforeStart(id)
      this.executions.set(id, { input, version: document.version, isOpen: true })
    } finally {
      this.#starting.delete(id)
    }
    await this.afterStart(id)
    return 'started'
  }

  onRefused = ({ workflow, index }: TriggerRef, { code }: OrchestrationError): void =>
    void this.refused.push([`${workflow}.${index}`, code])
  onSkipped = (_: TriggerRef, { scheduledMs, reason }: SkippedTime): void =>
    void this.skipped.push([scheduledMs, reason])

  /** Starts so far, as minutes after noon; fails for ids that are not those of schedule 0. */
  minutes(): readonly number[] {
    return [...this.executions.keys()].map((id) => {
      const ms = /^w\.0\.(\d+)$/.exec(id)?.[1]
      return (Number(ms) - noonMs) / minuteMs
    })
  }

  /** kill -9 and a new process: what was not recorded yet never will be. */
  die(): void {
    this.clock.die()
    this.clock = this.time.newLife()
    this.#starting.clear()
  }

  endAll(): void {
    for (const execution of this.executions.values()) execution.isOpen = false
  }
}

const steps = { x: { sleep: '1s' } }

function hostWith(...triggers: readonly JsonObject[]): ScriptedHost {
  const host = new ScriptedHost()
  host.register({ triggers })
  return host
}

function event(id: string, rest: Partial<CloudEvent> = {}): CloudEvent {
  return { id, source: 'test', type: 'e', time: null, subject: null, data: null, ...rest }
}

const full = (): ResourceExhaustionError =>
  new ResourceExhaustionError('openExecutionsMax', { retryable: true })

test('an event starts an execution with the input made from it, under an id made from source and id', async () => {
  const host = hostWith({
    event: 'tda.anomaly.detected',
    when: 'event.data.severity >= 0.8',
    input: {
      series: '${ event.data.source }',
      about: 'of ${ event.subject } by ${ event.source }',
    },
  })
  const triggers = new Triggers(host)
  const sent = event('7', {
    type: 'tda.anomaly.detected',
    subject: 'checkout',
    data: { severity: 0.9, source: '/m.csv' },
  })
  // The first 16 digits of: printf '["test","7"]' | sha256sum
  expect(await triggers.deliver(sent)).toEqual(['w.0.fb281f31990c7f09'])
  expect([...host.executions.values()]).toEqual([
    { input: { series: '/m.csv', about: 'of checkout by test' }, version: '1.0.0', isOpen: true },
  ])
  const weak = { ...sent, id: '8', data: { severity: 0.7, source: '/m.csv' } }
  expect(await triggers.deliver(weak)).toEqual([])
  expect(await triggers.deliver({ ...sent, type: 'tda.anomaly.cleared' })).toEqual([])
  expect(host.executions.size).toBe(1)
  expect(host.refused).toEqual([])
})

test('a repeat starts nothing, whether the first delivery has ended, is under way or was before a restart', async () => {
  const host = hostWith({ event: 'e' })
  const opened = Promise.withResolvers<void>()
  host.beforeStart = () => opened.promise
  const triggers = new Triggers(host)
  const both = [triggers.deliver(event('1')), triggers.deliver(event('1'))]
  opened.resolve()
  expect((await Promise.all(both)).flat()).toHaveLength(1)
  expect(await triggers.deliver(event('1'))).toEqual([])
  expect(await new Triggers(host).deliver(event('1', { data: 'else' }))).toEqual([])
  expect(await triggers.deliver(event('1', { source: 'other' }))).toHaveLength(1)
  expect(host.executions.size).toBe(2)
})

test('an expression that fails and an input that the schema refuses start nothing and are counted, and the others fire', async () => {
  const host = new ScriptedHost()
  const input = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } }
  host.register({
    input,
    triggers: [
      { event: 'e', when: 'event.data.missing > 1', input: { n: 1 } },
      { event: 'e', when: 'event.data.n', input: { n: 1 } },
      { event: 'e', input: { n: '${ event.data.missing }' } },
      { event: 'e', input: { n: '${ event.subject }' } },
      { event: 'e', input: { n: '${ event.data.n }' } },
    ],
  })
  const triggers = new Triggers(host)
  expect(await triggers.deliver(event('1', { data: { n: 5 } }))).toEqual([
    expect.stringMatching(/^w\.4\.[0-9a-f]{16}$/),
  ])
  expect(host.refused).toEqual([
    ['w.0', 'ExpressionError'],
    ['w.1', 'ExpressionError'],
    ['w.2', 'ExpressionError'],
    ['w.3', 'InputError'],
  ])
  expect(host.logged).toHaveLength(4)
})

test('a start over the admission limit is not acknowledged, and the next delivery starts only what is missing', async () => {
  const host = hostWith({ event: 'e' }, { event: 'e' }, { event: 'e' })
  host.beforeStart = (id) => {
    if (id.startsWith('w.1.')) throw full()
  }
  const triggers = new Triggers(host)
  await expect(triggers.deliver(event('1'))).rejects.toThrow('openExecutionsMax')
  expect([...host.executions.keys()].map((id) => id.slice(0, 4))).toEqual(['w.0.', 'w.2.'])
  host.beforeStart = () => {}
  expect(await triggers.deliver(event('1'))).toEqual([expect.stringMatching(/^w\.1\./)])
  expect(host.executions.size).toBe(3)
  expect(host.refused).toEqual([])
})

test('a flag that is off is a refusal; whatever may go away is not acknowledged', async () => {
  const host = hostWith({ event: 'e' })
  const triggers = new Triggers(host)
  for (const code of ['FeatureDisabledError', 'ResourceExhaustionError'] as const) {
    host.beforeStart = () => {
      throw new OrchestrationError(code, 'no')
    }
    expect(await triggers.deliver(event('1'))).toEqual([])
  }
  expect(host.refused.map(([, code]) => code)).toEqual([
    'FeatureDisabledError',
    'ResourceExhaustionError',
  ])
  host.beforeStart = () => {
    throw new OrchestrationError('StorageError', 'the disk is away')
  }
  await expect(triggers.deliver(event('1'))).rejects.toThrow('the disk is away')
  await expect(triggers.deliver({ ...event('1'), id: '' })).rejects.toThrow("'id' is a text")
  expect(host.refused).toHaveLength(2)
})

test('only the highest version of a name fires, also when it has no triggers', async () => {
  const host = new ScriptedHost()
  const triggers = new Triggers(host)
  host.register({ version: '9.0.0', triggers: [{ event: 'e' }] })
  host.register({ version: '10.0.0-rc.1', triggers: [{ event: 'e' }] })
  host.register({ version: '2.0.0', triggers: [{ event: 'e' }] })
  host.register({ name: 'other', triggers: [{ event: 'e' }] })
  expect(await triggers.deliver(event('1'))).toHaveLength(2)
  expect([...host.executions.values()].map(({ version }) => version).toSorted()).toEqual([
    '1.0.0',
    '10.0.0-rc.1',
  ])
  host.register({ version: '10.0.0' })
  triggers.refresh()
  expect(await triggers.deliver(event('2'))).toEqual([expect.stringMatching(/^other\./)])
  await host.time.advance(1)
  host.register({ name: 'other', triggers: [{ event: 'else' }] })
  host.rows.reverse()
  triggers.refresh()
  expect(await triggers.deliver(event('3'))).toEqual([])
  expect(await triggers.deliver(event('3', { type: 'else' }))).toHaveLength(1)
})

test('triggers are described as they are armed, and one that cannot be armed says why', () => {
  const host = hostWith(
    { schedule: '0 4 * * *', timezone: 'Europe/Berlin' },
    { event: 'e', when: 'event.id == "1"' },
  )
  const [row] = host.rows
  const document = {
    ...(row as RegisteredDocument).document,
    name: 'old',
    triggers: [{ event: 'e', when: 'gone()', input: {} }],
  }
  host.rows.push({ name: 'old', version: '1.0.0', document, registeredAtMs: 0 })
  const triggers = new Triggers(host)
  const none = {
    event: null,
    when: null,
    schedule: null,
    timezone: null,
    nextMs: null,
    fault: null,
  }
  const ofEvent = { ...none, version: '1.0.0', kind: 'event', event: 'e' }
  expect(triggers.describe()).toEqual([
    {
      ...ofEvent,
      workflow: 'old',
      index: 0,
      when: 'gone()',
      fault: expect.stringContaining('gone'),
    },
    {
      ...none,
      workflow: 'w',
      version: '1.0.0',
      index: 0,
      kind: 'schedule',
      schedule: '0 4 * * *',
      timezone: 'Europe/Berlin',
      nextMs: Date.parse('2026-05-05T02:00:00Z'),
    },
    { ...ofEvent, workflow: 'w', index: 1, when: 'event.id == "1"' },
  ])
  triggers.refresh()
  expect(host.logged).toEqual(['error: a trigger cannot be armed'])
})

test('a schedule starts at its times, with an input over the TDA context', async () => {
  const host = hostWith({
    schedule: '*/5 * * * *',
    input: { severity: '${ tda.anomalySeverity }' },
  })
  host.context = { ...unavailableTda, available: true, anomalySeverity: 0.5 }
  const triggers = new Triggers(host)
  host.afterStart = () => host.endAll()
  await host.time.advance(30_000)
  triggers.start()
  await host.time.advance(16 * minuteMs)
  expect(host.minutes()).toEqual([0, 5, 10, 15])
  expect([...host.executions.values()][0]?.input).toEqual({ severity: 0.5 })
  await triggers.close()
  await host.time.advance(hourMs)
  expect(host.executions.size).toBe(4)
  await expect(triggers.deliver(event('1'))).rejects.toThrow('closed')
  expect(() => triggers.start()).toThrow('closed')
})

test('a schedule wakes at most once a minute while nothing is due, and exactly when something is', async () => {
  const host = hostWith({ schedule: '0 14 * * *' })
  const delays: number[] = []
  const { clock } = host
  host.clock = Object.assign(Object.create(clock) as LifeClock, {
    nowMs: () => host.time.wallMs,
    after(delayMs: number, fire: () => void) {
      delays.push(delayMs)
      return host.time.after(clock, delayMs, fire)
    },
  })
  await host.time.advance(500)
  new Triggers(host).start()
  await host.time.advance(2 * hourMs)
  expect(host.minutes()).toEqual([120])
  expect(delays).toHaveLength(121)
  expect(Math.max(...delays)).toBe(minuteMs)
  expect(delays[119]).toBe(59_500)
})

test('after a restart the newest missed time starts once, if it is at most an hour old', async () => {
  const host = hostWith({ schedule: '*/20 * * * *' })
  host.time.pass(71 * minuteMs)
  for (let twice = 0; twice < 2; twice++) {
    const triggers = new Triggers(host)
    triggers.start()
    await host.time.advance(minuteMs)
    await triggers.close()
    expect(host.minutes()).toEqual([60])
  }
  const inTime = hostWith({ schedule: '0 13 * * *' })
  inTime.time.pass(2 * hourMs)
  new Triggers(inTime).start()
  await inTime.time.advance(0)
  expect(inTime.minutes()).toEqual([60])
  const late = hostWith({ schedule: '0 13 * * *' })
  late.time.pass(2 * hourMs + 1)
  new Triggers(late).start()
  await late.time.advance(0)
  expect(late.minutes()).toEqual([])
  expect(late.skipped).toEqual([[noonMs + hourMs, 'late']])
})

test('a time whose execution exists is neither late nor left out after a restart', async () => {
  for (const afterMs of [minuteMs, 5 * hourMs]) {
    const host = hostWith({ schedule: '0 12 * * *' })
    const first = new Triggers(host)
    first.start()
    await host.time.advance(minuteMs)
    await first.close()
    host.time.pass(afterMs)
    new Triggers(host).start()
    await host.time.advance(minuteMs)
    expect(host.minutes()).toEqual([0])
    expect(host.skipped).toEqual([])
  }
})

test('nothing is caught up from before the registration, nor by a version from before its own', async () => {
  const host = hostWith()
  await host.time.advance(minuteMs)
  host.register({ version: '1.1.0', triggers: [{ schedule: '0 * * * *' }] })
  const triggers = new Triggers(host)
  triggers.start()
  await host.time.advance(0)
  expect(host.minutes()).toEqual([])
  host.time.pass(61 * minuteMs)
  host.register({ version: '1.2.0', triggers: [{ schedule: '0 * * * *' }] })
  triggers.refresh()
  await host.time.advance(58 * minuteMs)
  expect(host.minutes()).toEqual([120])
})

test('a time is left out and counted while an execution of the trigger is open', async () => {
  const host = hostWith({ schedule: '*/5 * * * *' })
  const triggers = new Triggers(host)
  host.executions.set('w.0.1.page', { input: {}, version: '1.0.0', isOpen: true })
  host.executions.set('w.00.5', { input: {}, version: '1.0.0', isOpen: true })
  const slow = Promise.withResolvers<void>()
  host.beforeStart = () => slow.promise
  triggers.start()
  await host.time.advance(6 * minuteMs)
  expect(host.skipped).toEqual([[noonMs + 5 * minuteMs, 'running']])
  slow.resolve()
  await host.time.advance(6 * minuteMs)
  host.endAll()
  await host.time.advance(6 * minuteMs)
  expect([...host.executions.keys()].slice(2)).toEqual([`w.0.${noonMs}`, `w.0.${noonMs + 900_000}`])
  expect(host.skipped.map(([ms]) => (ms - noonMs) / minuteMs)).toEqual([5, 10])
})

test('a start that fails for the moment is tried again, one that fails for good is not', async () => {
  const host = hostWith({ schedule: '0 * * * *' })
  let tries = 0
  host.beforeStart = () => {
    tries++
    throw full()
  }
  const triggers = new Triggers(host)
  triggers.start()
  await host.time.advance(25_000)
  triggers.refresh()
  await host.time.advance(10_000)
  expect(tries).toBe(4)
  host.beforeStart = () => {}
  await host.time.advance(10_000)
  expect(host.minutes()).toEqual([0])
  host.endAll()
  host.beforeStart = () => {
    tries++
    throw new OrchestrationError('InputError', 'no')
  }
  await host.time.advance(90 * minuteMs)
  expect(tries).toBe(5)
  expect(host.refused).toEqual([['w.0', 'InputError']])
})

test('a start that fails when a newer time was left out for it, or after the end, is not tried again', async () => {
  const host = hostWith({ schedule: '*/5 * * * *' })
  const triggers = new Triggers(host)
  let answer = Promise.withResolvers<void>()
  host.beforeStart = () => answer.promise
  triggers.start()
  await host.time.advance(6 * minuteMs)
  answer.reject(full())
  host.beforeStart = () => {}
  await host.time.advance(minuteMs)
  expect(host.skipped).toEqual([[noonMs + 5 * minuteMs, 'running']])
  expect(host.minutes()).toEqual([])
  answer = Promise.withResolvers<void>()
  host.beforeStart = () => answer.promise
  await host.time.advance(4 * minuteMs)
  const closing = triggers.close()
  answer.reject(full())
  await closing
  host.beforeStart = () => {}
  await host.time.advance(hourMs)
  expect(host.minutes()).toEqual([])
})

test('a clock that is set forward starts once; one that is set back starts nothing again and goes on', async () => {
  const host = hostWith({ schedule: '*/10 * * * *' })
  host.afterStart = () => host.endAll()
  new Triggers(host).start()
  await host.time.advance(minuteMs)
  host.time.setWall(noonMs + 45 * minuteMs)
  await host.time.advance(minuteMs)
  expect(host.minutes()).toEqual([0, 40])
  host.time.setWall(noonMs + 35 * minuteMs)
  await host.time.advance(20 * minuteMs)
  expect(host.minutes()).toEqual([0, 40, 50])
  host.time.setWall(noonMs - 24 * hourMs)
  await host.time.advance(11 * minuteMs)
  expect(host.minutes()).toEqual([0, 40, 50, -1430])
})

type Act =
  | { readonly kind: 'deliver'; readonly id: number }
  | { readonly kind: 'pass' | 'jump'; readonly ms: number }
  | { readonly kind: 'die' | 'close' | 'end' | 'refresh' }

const anyActs = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('deliver' as const), id: fc.nat(3) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(12 * minuteMs) }),
    fc.record({
      kind: fc.constant('jump' as const),
      ms: fc.integer({ min: -2 * hourMs, max: 2 * hourMs }),
    }),
    fc.record({ kind: fc.constantFrom('die' as const, 'close', 'end', 'refresh') }),
  ),
  { minLength: 1, maxLength: 30 },
)

/** How each start goes, over and over: how long it takes, and where it fails. */
const anyStarts = fc.array(
  fc.record({
    delayMs: fc.constantFrom(0, 0, 5, 90_000),
    fault: fc.constantFrom(null, null, 'before', 'after'),
  }),
  { minLength: 1, maxLength: 5 },
)

/** A life of the process after the other; the host refuses every start that is not the first of its id. */
async function live(acts: readonly Act[], host: ScriptedHost): Promise<readonly unknown[]> {
  const unexpected: unknown[] = []
  const acknowledged = new Set<number>()
  let triggers = new Triggers(host)
  triggers.start()
  const deliver = async (id: number): Promise<void> => {
    try {
      await triggers.deliver(event(String(id)))
      acknowledged.add(id)
    } catch (thrown) {
      if (!String(thrown).includes('full')) unexpected.push(thrown)
    }
  }
  for (const act of acts) {
    if (act.kind === 'deliver') void deliver(act.id)
    else if (act.kind === 'jump') host.time.setWall(host.time.wallMs + act.ms)
    else if (act.kind === 'end') host.endAll()
    else if (act.kind === 'refresh') triggers.refresh()
    else if (act.kind === 'die' || act.kind === 'close') {
      const closing = triggers.close()
      if (act.kind === 'die') host.die()
      else {
        await host.time.advance(100_000)
        await closing
      }
      triggers = new Triggers(host)
      triggers.start()
    } else if (act.kind === 'pass') await host.time.advance(act.ms)
  }
  await host.time.advance(200_000)
  const started = [...host.executions.keys()].filter((id) => id.startsWith('w.1.')).length
  expect(started).toBeGreaterThanOrEqual(acknowledged.size)
  return unexpected
}

test('no interleaving of deliveries, restarts and clock jumps starts anything twice', async () => {
  await fc.assert(
    fc.asyncProperty(anyActs, anyStarts, async (acts, starts) => {
      const host = hostWith({ schedule: '*/5 * * * *' }, { event: 'e' })
      let at = 0
      const wait = (ms: number): Promise<void> =>
        new Promise((resolve) => void host.clock.after(ms, resolve))
      let plan = starts[0]
      host.beforeStart = async (id) => {
        plan = starts[at++ % starts.length]
        const isOverlap = host.openIds('w.0.').some((open) => open !== id)
        if (id.startsWith('w.0.') && isOverlap) throw new Error(`${id} overlaps`)
        const { delayMs = 0, fault = null } = plan ?? {}
        if (delayMs > 0) await wait(delayMs)
        if (fault === 'before') throw new ResourceExhaustionError('full', { retryable: true })
      }
      host.afterStart = () => {
        if (plan?.fault === 'after') throw new ResourceExhaustionError('full', { retryable: true })
      }
      expect(await live(acts, host)).toEqual([])
      const faults = host.logged.filter((line) => line.startsWith('error'))
      expect(faults).toEqual([])
      const times = host.minutes().filter((minute) => !Number.isNaN(minute))
      expect(times.filter((minute) => minute % 5 !== 0)).toEqual([])
    }),
    { numRuns: 60 },
  )
})
