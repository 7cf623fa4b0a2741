import assert from 'node:assert/strict'
import type { CloudEvent } from '../core/contracts/events.ts'
import { isOrchestrationError } from '../core/errors.ts'
import type { Anomaly, TdaClient, TdaPattern, TdaResult } from '../tda/index.ts'

/** A TDA client under test, and the system on the other side. */
export interface TdaHarness {
  readonly client: TdaClient
  /** Unique to this harness: sources begin with it. */
  readonly name: string
  /** The TDA system reports; resolves when the client has heard it. */
  report(event: CloudEvent): Promise<void>
  /** Results that the TDA system got, once `count` of them are there. */
  results(count: number): Promise<readonly CloudEvent[]>
  /** Time moves only here. */
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

/** One behaviour that every `TdaClient` has; `run` rejects when this one has it not. */
export interface TdaCase {
  readonly name: string
  run(): Promise<void>
}

type Check = (harness: TdaHarness) => Promise<void>

const checks: Readonly<Record<string, Check>> = {
  async 'anomalies are in force, the strongest first, and found by source, severity and time'(h) {
    const [weak, strong] = [anomaly(h, 'a', 0.3), anomaly(h, 'b', 0.9)]
    await h.report(reported(weak))
    await h.report(reported(strong))
    const ids = async (filter?: Parameters<TdaClient['getCurrentAnomalies']>[0]) =>
      (await h.client.getCurrentAnomalies(filter)).map(({ windowId }) => windowId)
    assert.deepEqual(await ids(), [strong.windowId, weak.windowId])
    assert.deepEqual(await ids({ minSeverity: 0.5 }), [strong.windowId])
    assert.deepEqual(await ids({ source: weak.source }), [weak.windowId])
    assert.deepEqual(await ids({ sinceMs: weak.t1Ms + 1 }), [])
  },
  async 'an anomaly is told once, however often its window is reported, until nobody listens'(h) {
    const told: string[] = []
    const end = h.client.onAnomaly(({ windowId }) => told.push(windowId))
    const one = anomaly(h, 'a', 0.5)
    await h.report(reported(one))
    await h.report({ ...reported(one), id: 'again' })
    end()
    await h.report(reported(anomaly(h, 'b', 0.5)))
    assert.deepEqual(told, [one.windowId])
  },
  async 'the context of a correlation id is what belongs to it'(h) {
    const one = anomaly(h, 'a', 0.7)
    await h.report(reported(one, { correlationId: 'c-1' }))
    await h.report(reported(anomaly(h, 'b', 0.9)))
    const { available, anomalySeverity, windowId, anomalies } = await h.client.getContext('c-1')
    assert.deepEqual(
      [available, anomalySeverity, windowId, anomalies.length],
      [true, 0.7, one.windowId, 1],
    )
    const none = await h.client.getContext('no such')
    assert.deepEqual([none.available, none.anomalySeverity], [false, 0])
  },
  async 'patterns are the newest of each series, the surest first, for as long as asked'(h) {
    await h.report(seen(pattern(h, 'a', 0.2)))
    await h.report(seen({ ...pattern(h, 'a', 0.4), windowId: `${h.name}/a2` }))
    await h.report(seen(pattern(h, 'b', 0.9)))
    const found = await h.client.getCurrentPatterns(60_000)
    assert.deepEqual(
      found.map(({ source, confidence }) => [source, confidence]),
      [
        [`${h.name}/b`, 0.9],
        [`${h.name}/a`, 0.4],
      ],
    )
    await h.advance(120_000)
    assert.deepEqual(await h.client.getCurrentPatterns(60_000), [])
  },
  async 'an analysis says in words what the query names, or all'(h) {
    assert.match(await h.client.analyzeCurrentPatterns('anything'), /^No anomaly/)
    await h.report(reported(anomaly(h, 'checkout', 0.9)))
    await h.report(seen(pattern(h, 'stock', 0.8)))
    const named = await h.client.analyzeCurrentPatterns('what about checkout?')
    assert.match(named, /spike in .*checkout.*severity 0\.90/)
    assert.doesNotMatch(named, /stock/)
    assert.equal((await h.client.analyzeCurrentPatterns('?')).split('\n').length, 2)
  },
  async 'what is no anomaly and what is no pattern changes nothing'(h) {
    const told: unknown[] = []
    h.client.onAnomaly((one) => told.push(one))
    const junk = { windowId: 5 }
    await h.report({ ...reported(anomaly(h, 'a', 0.5)), data: junk })
    await h.report({ ...seen(pattern(h, 'a', 0.5)), data: junk })
    await h.report(reported(anomaly(h, 'b', 0.5)))
    assert.deepEqual([told.length, (await h.client.getCurrentAnomalies()).length], [1, 1])
  },
  async 'a result goes back with its correlation id, and what is none is refused'(h) {
    const result: TdaResult = {
      correlationId: 'c-1',
      executionId: `${h.name}-e`,
      workflow: 'w',
      status: 'completed',
      output: { n: 1 },
      error: null,
    }
    await h.client.sendResult(result)
    const [sent] = await h.results(1)
    assert.deepEqual([sent?.type, sent?.correlationid], ['aura.result.recorded', 'c-1'])
    assert.deepEqual(sent?.data, result)
    await assert.rejects(h.client.sendResult({ ...result, status: 'odd' as never }), (error) =>
      isOrchestrationError(error) ? error.code === 'InputError' : false,
    )
  },
}

/** The behaviours of the port `TdaClient`, to be run one by one by any test runner; each opens a client of its own. */
export function tdaClientSuite(open: () => Promise<TdaHarness>): readonly TdaCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      const harness = await open()
      try {
        await check(harness)
      } finally {
        await harness.close()
      }
    },
  }))
}

function anomaly({ name }: TdaHarness, of: string, severity: number): Anomaly {
  const times = { t0Ms: 1_000, t1Ms: 2_000 }
  const judged = { severity, score: 5, threshold: 4, diagram: [], features: {} }
  const source = `${name}/${of}`
  return { windowId: `${source}@1`, source, column: null, kind: 'spike', ...times, ...judged }
}

function pattern({ name }: TdaHarness, of: string, confidence: number): TdaPattern {
  const source = `${name}/${of}`
  const times = { t0Ms: 1_000, t1Ms: 2_000, kind: 'periodic' }
  const rest = { diagram: [], features: {}, correlationId: null }
  return { windowId: `${source}@1`, source, column: null, confidence, ...times, ...rest }
}

function reported(one: Anomaly, more: object = {}): CloudEvent {
  const named = { id: one.windowId, source: `/tda/${one.source}`, time: null, subject: null }
  return { ...named, type: 'tda.anomaly.detected', data: { ...one, ...more } }
}

function seen(one: TdaPattern): CloudEvent {
  const named = { id: one.windowId, source: `/tda/${one.source}`, time: null, subject: null }
  return { ...named, type: 'tda.patterns.observed', data: one }
}
