import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloudEvent, EventConsumer } from '../core/contracts/events.ts'
import type { TdaContext } from '../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import type { Logger } from '../core/logger.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { AnomalyFeed } from './anomaly-feed.ts'

const minuteMs = 60_000

/** A feed, its time, and what its listener was told. */
function stage() {
  const time = new FakeTime()
  const logged: string[] = []
  const logger: Logger = {
    log: (level, message) => void logged.push(`${level}: ${message}`),
    with: () => logger,
  }
  const looks: boolean[] = []
  const telemetry = { cacheRead: (_: string, isKnown: boolean) => void looks.push(isKnown) }
  const feed = new AnomalyFeed({ clock: time.newLife(), logger, telemetry })
  const told: TdaContext[] = []
  const end = feed.onChange((context) => told.push(context))
  let sent = 0
  const send = (type: string, data: JsonValue, id = String(sent++)): void =>
    feed.take({ id, source: 'tda', type, time: null, subject: null, data })
  const detect = (windowId: string, rest: JsonObject = {}, id?: string): void =>
    send('tda.anomaly.detected', { ...anomaly(time.wallMs), windowId, ...rest }, id)
  return { time, feed, told, end, send, detect, logged, looks }
}

function anomaly(atMs: number): JsonObject {
  return {
    windowId: 'w1',
    source: '/m/checkout.csv',
    t0Ms: atMs - 2_000,
    t1Ms: atMs - 1_000,
    kind: 'spike',
    severity: 0.8,
    score: 6,
    threshold: 5,
  }
}

test('the feed is unavailable until it is attached or has taken an event, and after it is closed', async () => {
  const { feed, told, time, detect } = stage()
  expect(feed.current().available).toBe(false)
  const consumers = new Map<string, EventConsumer>()
  await feed.attach({
    async subscribe(type, consumer) {
      consumers.set(type, consumer)
      return { stop: async () => void consumers.delete(type) }
    },
  })
  expect([...consumers.keys()]).toEqual(['tda.anomaly.detected', 'tda.anomaly.cleared'])
  expect(feed.current()).toEqual({
    correlationId: null,
    windowId: null,
    patternConfidence: 0,
    anomalySeverity: 0,
    patterns: [],
    anomalies: [],
    ageMs: 0,
    available: true,
  })
  expect(told).toHaveLength(1)
  const event: CloudEvent = {
    id: '1',
    source: 's',
    time: null,
    subject: null,
    type: 'tda.anomaly.detected',
    data: anomaly(time.wallMs),
  }
  await consumers.get(event.type)?.(event)
  expect(feed.current().anomalySeverity).toBe(0.8)
  await feed.close()
  expect([feed.current().available, consumers.size]).toEqual([false, 0])
  await time.advance(60 * minuteMs)
  expect(told).toHaveLength(2)
  const other = stage()
  other.detect('w1')
  expect(other.feed.current().available).toBe(true)
  detect('w2')
  expect(feed.current().available).toBe(false)
})

test('the context names the strongest anomaly in force and lists all, strongest first', async () => {
  const { feed, time, detect } = stage()
  detect('mild', { severity: 0.3, correlationId: 'c-mild' })
  await time.advance(1_000)
  detect('severe', { severity: 0.9, kind: 'ownKind', unknown: 'dropped' }, 'event-7')
  await time.advance(500)
  const context = feed.current()
  expect(context).toMatchObject({
    correlationId: 'event-7',
    windowId: 'severe',
    anomalySeverity: 0.9,
    ageMs: 500,
  })
  expect(context.anomalies).toEqual([
    {
      ...anomaly(time.wallMs - 500),
      windowId: 'severe',
      severity: 0.9,
      kind: 'ownKind',
      correlationId: 'event-7',
      column: null,
      diagram: [],
      features: {},
    },
    expect.objectContaining({ windowId: 'mild', correlationId: 'c-mild' }),
  ])
})

test('an anomaly is in force for its time from arrival, or from its end where that lies ahead', async () => {
  const { feed, time, told, detect } = stage()
  detect('long ago', { t0Ms: 0, t1Ms: 1 })
  detect('goes on', { t1Ms: time.wallMs + 5 * minuteMs, severity: 0.5 })
  detect('wrong clock', { t1Ms: time.wallMs * 2, severity: 0.2 })
  const windows = () => feed.current().anomalies.map(({ windowId }) => windowId)
  await time.advance(limits.anomalyInForceMs - 1)
  expect(windows()).toEqual(['long ago', 'goes on', 'wrong clock'])
  await time.advance(1)
  expect(windows()).toEqual(['goes on', 'wrong clock'])
  await time.advance(5 * minuteMs)
  expect(windows()).toEqual(['wrong clock'])
  time.setWall(0)
  await time.advance(limits.anomalyInForceMs - 5 * minuteMs)
  expect(windows()).toEqual([])
  expect(told.map(({ anomalies }) => anomalies.length)).toEqual([1, 2, 3, 2, 1, 0])
})

test('what has gone out of force is gone before the timer says so', () => {
  const { feed, time, detect } = stage()
  detect('w1')
  time.pass(limits.anomalyInForceMs)
  expect(feed.current()).toMatchObject({ available: true, anomalySeverity: 0, anomalies: [] })
})

test('of equal anomalies the newer one is named, and two columns of a window are two anomalies', async () => {
  const { feed, time, detect } = stage()
  detect('w1', { column: 'latency' })
  await time.advance(1)
  detect('w1', { column: 'errors' }, 'newer')
  expect(feed.current().correlationId).toBe('newer')
  expect(feed.current().anomalies.map(({ column }) => column)).toEqual(['errors', 'latency'])
})

test('clearing a source ends its anomalies and no others', () => {
  const { feed, told, send, detect } = stage()
  detect('w1')
  detect('w2')
  detect('w3', { source: 'other' })
  send('tda.anomaly.cleared', { source: '/m/checkout.csv' })
  expect(feed.current().anomalies.map(({ windowId }) => windowId)).toEqual(['w3'])
  send('tda.anomaly.cleared', { source: 'nothing there' })
  send('tda.pattern.seen', null)
  expect(told).toHaveLength(4)
})

test('a repeat changes nothing, and a later report of a window replaces the one before', async () => {
  const { feed, told, time, detect, send } = stage()
  detect('w1', {}, 'e1')
  await time.advance(10 * minuteMs)
  detect('w1', {}, 'e1')
  expect(told).toHaveLength(1)
  detect('w1', { severity: 0.4 }, 'e2')
  expect(feed.current()).toMatchObject({ anomalySeverity: 0.4, correlationId: 'e2' })
  expect(feed.current().anomalies).toHaveLength(1)
  await time.advance(10 * minuteMs)
  expect(feed.current().anomalies).toHaveLength(1)
  send('tda.anomaly.cleared', { source: '/m/checkout.csv' })
  detect('w1', {}, 'e1')
  expect(feed.current().anomalies).toEqual([])
})

test.each([
  ['data', null],
  ['data.severity', { severity: 1.2 }],
  ['data.severity', { severity: 'high' }],
  ['data.windowId', { windowId: '' }],
  ['data.t1Ms', { t0Ms: 2, t1Ms: 1 }],
  ['data.source', { source: 'x'.repeat(2_000) }],
  [
    'data.features',
    { features: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])) },
  ],
])('data that is no anomaly is refused at %s and changes nothing', (path, wrong) => {
  const { feed, told, send, time } = stage()
  const data = wrong === null ? null : { ...anomaly(time.wallMs), ...wrong }
  const refusal = expect.objectContaining({
    code: 'InputError',
    retryable: false,
    message: expect.stringContaining(`${path}:`),
  })
  for (let twice = 0; twice < 2; twice++) {
    expect(() => send('tda.anomaly.detected', data, 'same')).toThrow(refusal)
  }
  expect(() => send('tda.anomaly.cleared', {})).toThrow('data.source')
  expect([feed.current().available, told.length]).toEqual([false, 0])
})

test('over anomaliesMax the weakest is forgotten, and a context lists only the strongest', () => {
  const { feed, detect, logged } = stage()
  for (let i = 0; i < limits.anomaliesMax + 5; i++) {
    detect(`w${i}`, { severity: i < 5 ? 0.01 * i : 0.5 })
  }
  expect(logged).toHaveLength(5)
  detect('top', { severity: 1 })
  const { anomalies, windowId } = feed.current()
  expect([anomalies.length, windowId]).toEqual([limits.contextAnomaliesMax, 'top'])
})

test('a listener that throws stops nobody, and one that has ended is not told', () => {
  const { feed, told, end, detect, logged } = stage()
  feed.onChange(() => {
    throw new Error('broken')
  })
  const more: TdaContext[] = []
  feed.onChange((context) => more.push(context))
  detect('w1')
  end()
  detect('w2')
  expect([told.length, more.length, logged.length]).toEqual([1, 2, 2])
})

test('whatever is reported, cleared and expires, the context is that of a plain list of what is in force', async () => {
  const act = fc.oneof(
    fc.record({
      kind: fc.constant('detect' as const),
      source: fc.constantFrom('a', 'b'),
      windowId: fc.constantFrom('1', '2', '3'),
      severity: fc.constantFrom(0, 0.2, 0.7, 1),
    }),
    fc.record({ kind: fc.constant('clear' as const), source: fc.constantFrom('a', 'b') }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(10 * minuteMs) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
      const { feed, time, told, detect, send } = stage()
      let model: { source: string; windowId: string; severity: number; untilMs: number }[] = []
      detect('0', { source: 'x', severity: 0 })
      send('tda.anomaly.cleared', { source: 'x' })
      for (const one of acts) {
        if (one.kind === 'pass') await time.advance(one.ms)
        else if (one.kind === 'clear') {
          send('tda.anomaly.cleared', { source: one.source })
          model = model.filter(({ source }) => source !== one.source)
        } else {
          const { source, windowId, severity } = one
          detect(windowId, { source, severity })
          model = model.filter((other) => other.source !== source || other.windowId !== windowId)
          const untilMs = time.monotonicMs + limits.anomalyInForceMs
          model.push({ source, windowId, severity, untilMs })
        }
        model = model.filter(({ untilMs }) => untilMs > time.monotonicMs)
        const context = feed.current()
        const listed = context.anomalies.map(({ source, windowId }) => [source, windowId])
        const expected = model.map(({ source, windowId }) => [source, windowId])
        expect(listed).toHaveLength(expected.length)
        expect(listed).toEqual(expect.arrayContaining(expected))
        expect(context.anomalySeverity).toBe(Math.max(0, ...model.map(({ severity }) => severity)))
        expect(told.at(-1)?.anomalies).toEqual(context.anomalies)
      }
    }),
    { numRuns: 60 },
  )
})

test('the ranks are kept until an anomaly comes, is cleared or goes out of force', async () => {
  const { time, feed, send, detect, looks } = stage()
  const seen = (): number => feed.current().anomalySeverity
  detect('w1', { severity: 0.5 })
  looks.length = 0
  expect([seen(), seen(), looks.splice(0)]).toEqual([0.5, 0.5, [true, true]])
  detect('w2', { severity: 0.7, source: 'other' })
  expect(seen()).toBe(0.7)
  send('tda.anomaly.cleared', { source: 'other' })
  expect(seen()).toBe(0.5)
  await time.advance(limits.anomalyInForceMs - 1)
  expect([seen(), feed.current().ageMs]).toEqual([0.5, limits.anomalyInForceMs - 1])
  await time.advance(1)
  expect(seen()).toBe(0)
  // Each change told its listener first, who looked.
  expect(looks.filter((isKnown) => !isKnown)).toHaveLength(3)
})
