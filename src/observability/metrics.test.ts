import { Counter, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { createTelemetry } from './telemetry.ts'
import type { TelemetryOptions } from './telemetry.ts'

const nine = [
  'workflow_execution_seconds',
  'workflow_success_total',
  'workflow_failure_total',
  'active_workflows_count',
  'agent_communication_seconds',
  'coordination_pattern_total',
  'state_operation_seconds',
  'orchestration_memory_bytes',
  'orchestration_cpu_percent',
]

const start = { executionId: 'inc-1', workflow: 'incident', version: '1.0.0', recovered: false }
const call = {
  stepId: 'observe',
  index: null,
  attempt: 1,
  agent: 'observer',
  action: 'detect',
  idempotencyKey: 'inc-1/observe/1',
}

const sampleLine = /^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\})? (\S+)$/

/** Reads the text format strictly: a line it does not know fails the test. */
function parseMetrics(text: string) {
  const types = new Map<string, string>()
  const samples = new Map<string, number>()
  const series: string[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    if (line.startsWith('# TYPE ')) {
      const [name = '', type = ''] = line.slice(7).split(' ')
      types.set(name, type)
      continue
    }
    const match = sampleLine.exec(line)
    if (match === null) throw new Error(`no metric line: ${line}`)
    const [, name = '', labelText = '', value] = match
    const labels = [...labelText.matchAll(/([a-z]+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label, quoted]) => [label, JSON.parse(`"${quoted}"`)],
    )
    const id = seriesId(name, Object.fromEntries(labels))
    series.push(id)
    samples.set(id, Number(value))
  }
  const value = (name: string, labels: Record<string, string> = {}) =>
    samples.get(seriesId(name, labels))
  return { types, series, value, names: series.map((id) => id.split(' ')[0]) }
}

function seriesId(name: string, labels: Record<string, string>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
}

function metered(options: TelemetryOptions = {}) {
  const telemetry = createTelemetry({ tracing: 'off', ...options })
  const scrape = async () => parseMetrics(await telemetry.metricsText())
  return { telemetry, scrape }
}

test('the nine metrics of the mission, two of triggers, two of agents and that of caches are registered, with their types', async () => {
  const { scrape } = metered()
  const { types } = await scrape()
  expect([...types.keys()].sort()).toEqual(
    [
      ...nine,
      'cache_reads_total',
      'trigger_refused_total',
      'trigger_skipped_total',
      'agent_breaker_state',
      'agent_call_refused_total',
    ].toSorted(),
  )
  expect(types.get('workflow_execution_seconds')).toBe('histogram')
  expect(types.get('agent_communication_seconds')).toBe('histogram')
  expect(types.get('state_operation_seconds')).toBe('histogram')
  expect(types.get('workflow_success_total')).toBe('counter')
  expect(types.get('workflow_failure_total')).toBe('counter')
  expect(types.get('coordination_pattern_total')).toBe('counter')
  expect(types.get('trigger_refused_total')).toBe('counter')
  expect(types.get('trigger_skipped_total')).toBe('counter')
  expect(types.get('active_workflows_count')).toBe('gauge')
  expect(types.get('orchestration_memory_bytes')).toBe('gauge')
  expect(types.get('orchestration_cpu_percent')).toBe('gauge')
})

test('triggers that start nothing are counted by workflow', async () => {
  const { telemetry, scrape } = metered()
  telemetry.triggerLeft('incident', 'refused')
  telemetry.triggerLeft('incident', 'refused')
  telemetry.triggerLeft('incident', 'skipped')
  const { value } = await scrape()
  expect(value('trigger_refused_total', { workflow: 'incident' })).toBe(2)
  expect(value('trigger_skipped_total', { workflow: 'incident' })).toBe(1)
})

test('an execution is active until it ends, then counted by how it ended', async () => {
  const { telemetry, scrape } = metered()
  const first = telemetry.executionStarted(start)
  const second = telemetry.executionStarted({ ...start, executionId: 'inc-2' })
  const third = telemetry.executionStarted({ ...start, executionId: 'inc-3' })
  const { value: before } = await scrape()
  expect(before('active_workflows_count')).toBe(3)
  expect(before('workflow_success_total', { workflow: 'incident' })).toBe(0)
  expect(before('workflow_failure_total', { workflow: 'incident' })).toBe(0)

  first.ended('completed', 1_500, null)
  second.ended('failed', 20, null)
  third.ended('cancelled', 20, null)
  const { value: after } = await scrape()
  expect(after('active_workflows_count')).toBe(0)
  expect(after('workflow_success_total', { workflow: 'incident' })).toBe(1)
  expect(after('workflow_failure_total', { workflow: 'incident' })).toBe(1)
  const completed = { workflow: 'incident', outcome: 'completed' }
  expect(after('workflow_execution_seconds_count', completed)).toBe(1)
  expect(after('workflow_execution_seconds_sum', completed)).toBe(1.5)
  expect(after('workflow_execution_seconds_bucket', { ...completed, le: '1' })).toBe(0)
  expect(after('workflow_execution_seconds_bucket', { ...completed, le: '5' })).toBe(1)
  const cancelled = { workflow: 'incident', outcome: 'cancelled' }
  expect(after('workflow_execution_seconds_count', cancelled)).toBe(1)
})

test('an execution that another process takes over is no longer active and counted nowhere', async () => {
  const { telemetry, scrape } = metered()
  telemetry.executionStarted(start).ended('left', 10, null)
  const { value, names } = await scrape()
  expect(value('active_workflows_count')).toBe(0)
  expect(value('workflow_success_total', { workflow: 'incident' })).toBe(0)
  expect(names).not.toContain('workflow_execution_seconds_count')
})

test('attempts are timed by agent, action and outcome', async () => {
  const { telemetry, scrape } = metered()
  const execution = telemetry.executionStarted(start)
  for (const outcome of ['completed', 'completed', 'failed', 'unknown', 'suspended'] as const) {
    execution.attemptStarted(call).ended(outcome, 30, null)
  }
  const { value } = await scrape()
  const labels = { agent: 'observer', action: 'detect' }
  const count = (outcome: string) =>
    value('agent_communication_seconds_count', { ...labels, outcome })
  expect(count('completed')).toBe(2)
  expect(count('failed')).toBe(1)
  expect(count('unknown')).toBe(1)
  expect(count('suspended')).toBe(1)
  const bucket = (le: string) =>
    value('agent_communication_seconds_bucket', { ...labels, outcome: 'completed', le })
  expect(bucket('0.025')).toBe(0)
  expect(bucket('0.05')).toBe(2)
  expect(bucket('+Inf')).toBe(2)
})

test('a duration on a bound belongs to that bound and a senseless one counts as zero', async () => {
  const { telemetry, scrape } = metered()
  for (const durationMs of [0.1, Number.NaN, -5, Number.POSITIVE_INFINITY]) {
    telemetry.stateOperation('get', durationMs)
  }
  const { value } = await scrape()
  expect(value('state_operation_seconds_bucket', { operation: 'get', le: '0.00001' })).toBe(3)
  expect(value('state_operation_seconds_bucket', { operation: 'get', le: '0.0001' })).toBe(4)
  expect(value('state_operation_seconds_sum', { operation: 'get' })).toBe(0.0001)
  expect(value('state_operation_seconds_count', { operation: 'set' })).toBe(0)
})

test('patterns count by name and stand at zero before their first use', async () => {
  const { telemetry, scrape } = metered()
  telemetry.patternUsed('consensus')
  telemetry.patternUsed('consensus')
  telemetry.patternUsed('eventDriven')
  const { value } = await scrape()
  expect(value('coordination_pattern_total', { pattern: 'consensus' })).toBe(2)
  expect(value('coordination_pattern_total', { pattern: 'eventDriven' })).toBe(1)
  expect(value('coordination_pattern_total', { pattern: 'hierarchical' })).toBe(0)
})

test('processor use is that between scrapes, and a scrape within a second repeats the last', async () => {
  let atMs = 0
  let micros = 0
  const clock = { ...systemClock, monotonicMs: () => atMs }
  const readings = { residentBytes: () => 4_096, cpuMicros: () => micros }
  const { scrape } = metered({ clock, readings })
  const percent = async () => (await scrape()).value('orchestration_cpu_percent')
  expect(await percent()).toBe(0)
  atMs = 2_000
  micros = 500_000
  expect(await percent()).toBe(25)
  atMs = 2_100
  micros = 600_000
  expect(await percent()).toBe(25)
  atMs = 4_000
  micros = 5_500_000
  expect(await percent()).toBe(250)
  expect((await scrape()).value('orchestration_memory_bytes')).toBe(4_096)
})

test('memory and processor use of the real process are read', async () => {
  const { scrape } = metered()
  const { value } = await scrape()
  expect(value('orchestration_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(value('orchestration_cpu_percent')).toBeGreaterThanOrEqual(0)
})

test('past the limit of label sets, everything new is counted under other', async () => {
  const { telemetry, scrape } = metered({ labelSetsMax: 5 })
  for (let n = 0; n < 50; n++) {
    const execution = telemetry.executionStarted({ ...start, workflow: `w${n}` })
    execution.attemptStarted({ ...call, agent: `a${n}` }).ended('completed', 1, null)
    telemetry.patternUsed(`p${n}`)
    execution.ended('completed', 1, null)
  }
  const { value, series } = await scrape()
  expect(value('workflow_success_total', { workflow: 'w0' })).toBe(1)
  expect(value('workflow_success_total', { workflow: 'other' })).toBe(45)
  expect(value('coordination_pattern_total', { pattern: 'other' })).toBe(49)
  const other = { agent: 'other', action: 'other', outcome: 'completed' }
  expect(value('agent_communication_seconds_count', other)).toBe(45)
  const ended = { workflow: 'other', outcome: 'completed' }
  expect(value('workflow_execution_seconds_count', ended)).toBe(45)
  expect(new Set(series).size).toBe(series.length)
  expect(series.length).toBeLessThan(400)
})

test('a workflow that is really called other shares its series with the overflow', async () => {
  const { telemetry, scrape } = metered({ labelSetsMax: 2 })
  for (const workflow of ['other', 'a', 'b', 'c', 'other']) {
    telemetry.executionStarted({ ...start, workflow }).ended('completed', 1, null)
  }
  const { value, series } = await scrape()
  expect(value('workflow_success_total', { workflow: 'other' })).toBe(4)
  expect(new Set(series).size).toBe(series.length)
})

test('hostile label values stay inside their quotes', async () => {
  const { telemetry, scrape } = metered()
  const agent = 'a"} 1\nworkflow_success_total{x="\\'
  telemetry
    .executionStarted(start)
    .attemptStarted({ ...call, agent })
    .ended('failed', 1, null)
  const { value } = await scrape()
  const labels = { agent, action: 'detect', outcome: 'failed' }
  expect(value('agent_communication_seconds_count', labels)).toBe(1)
})

test('counting goes on between scrapes without double counting', async () => {
  const { telemetry, scrape } = metered()
  telemetry.patternUsed('pipeline')
  await scrape()
  await scrape()
  telemetry.patternUsed('pipeline')
  expect((await scrape()).value('coordination_pattern_total', { pattern: 'pipeline' })).toBe(2)
})

test('a given registry is used beside the metrics it already has', async () => {
  const registry = new Registry()
  const mine = new Counter({ name: 'my_total', help: 'Mine.', registers: [registry] })
  mine.inc(3)
  const { telemetry, scrape } = metered({ registry })
  expect((await scrape()).value('my_total')).toBe(3)
  expect(telemetry.registry).toBe(registry)
  expect(telemetry.metricsContentType).toContain('text/plain')
})

test('the state of a circuit breaker is a gauge, and calls that are refused are counted by who refused', async () => {
  const { telemetry, scrape } = metered()
  telemetry.breakerChanged('llm', 'open')
  telemetry.callRefused('llm', 'breaker')
  telemetry.callRefused('llm', 'breaker')
  telemetry.callRefused('llm', 'pool')
  const open = await scrape()
  expect(open.value('agent_breaker_state', { agent: 'llm' })).toBe(1)
  expect(open.value('agent_call_refused_total', { agent: 'llm', reason: 'breaker' })).toBe(2)
  expect(open.value('agent_call_refused_total', { agent: 'llm', reason: 'pool' })).toBe(1)
  telemetry.breakerChanged('llm', 'halfOpen')
  expect((await scrape()).value('agent_breaker_state', { agent: 'llm' })).toBe(0.5)
})

test('reads of caches are counted by whether they found something, from zero', async () => {
  const { telemetry, scrape } = metered()
  telemetry.cacheRead('plans', true)
  telemetry.cacheRead('plans', true)
  telemetry.cacheRead('plans', false)
  const after = await scrape()
  const read = (cache: string, result: string) =>
    after.value('cache_reads_total', { cache, result })
  expect([read('plans', 'hit'), read('plans', 'miss')]).toEqual([2, 1])
  expect([read('state', 'hit'), read('embeddings', 'miss'), read('tda_context', 'hit')]).toEqual([
    0, 0, 0,
  ])
})
