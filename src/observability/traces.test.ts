import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import type { ReadableSpan, Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import type { ErrorJson } from '../core/errors.ts'
import { createTelemetry } from './telemetry.ts'

const start = { executionId: 'inc-1', workflow: 'incident', version: '1.2.0', recovered: false }
const call = {
  stepId: 'observe',
  index: null,
  attempt: 1,
  agent: 'observer',
  action: 'detect',
  idempotencyKey: 'inc-1/observe/1',
}
const broken: ErrorJson = {
  code: 'AgentError',
  message: 'sensor is gone',
  retryable: true,
  hint: null,
  details: null,
}

afterEach(() => {
  trace.disable()
  context.disable()
})

function collectSpans(options: { sampler?: Sampler; processors?: SpanProcessor[] } = {}) {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    ...(options.sampler === undefined ? {} : { sampler: options.sampler }),
    spanProcessors: [new SimpleSpanProcessor(exporter), ...(options.processors ?? [])],
  })
  trace.setGlobalTracerProvider(provider)
  const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name)
  const only = (name: string): ReadableSpan => {
    const spans = named(name)
    expect(spans).toHaveLength(1)
    return spans[0] as ReadableSpan
  }
  return { exporter, named, only }
}

const fail = () => {
  throw new Error('collector is broken')
}

const idOf = (span: ReadableSpan) => span.spanContext().spanId
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId

test('an execution is one trace: the execution, under it its steps, under these their attempts', () => {
  const { exporter, named, only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  const observe = execution.attemptStarted(call)
  observe.ended('completed', 5, null)
  execution.stepEnded('observe', 'completed')
  const items = [0, 1].map((index) =>
    execution.attemptStarted({ ...call, stepId: 'analyse', index, agent: 'analyst' }),
  )
  for (const item of items) item.ended('completed', 5, null)
  execution.stepEnded('analyse', 'completed')
  execution.ended('completed', 20, null)

  const root = only('execute_workflow')
  expect(root.parentSpanContext).toBeUndefined()
  const [first, second] = named('execute_step') as [ReadableSpan, ReadableSpan]
  expect([first, second].map((span) => span.attributes['workflow.step.id'])).toEqual([
    'observe',
    'analyse',
  ])
  expect([first, second].map(parentOf)).toEqual([idOf(root), idOf(root)])
  expect(parentOf(only('invoke_agent observer'))).toBe(idOf(first))
  expect(named('invoke_agent analyst').map(parentOf)).toEqual([idOf(second), idOf(second)])
  expect(named('invoke_agent analyst').map((s) => s.attributes['workflow.step.index'])).toEqual([
    0, 1,
  ])
  const traceIds = exporter.getFinishedSpans().map((span) => span.spanContext().traceId)
  expect(new Set(traceIds)).toEqual(new Set([execution.traceId]))
  expect(traceIds).toHaveLength(6)
})

test('whatever span is active in the turn that starts an execution is not its parent', () => {
  const { only } = collectSpans()
  const stranger = trace.getTracer('stranger').startSpan('stranger')
  const active = trace.setSpan(ROOT_CONTEXT, stranger)
  context.setGlobalContextManager({
    active: () => active,
    with: (_, run, self, ...rest) => run.call(self as never, ...rest),
    bind: (_, target) => target,
    enable: () => ({}) as never,
    disable: () => ({}) as never,
  })
  const execution = createTelemetry().executionStarted(start)
  execution.attemptStarted(call).ended('completed', 1, null)
  execution.ended('completed', 1, null)
  expect(only('execute_workflow').parentSpanContext).toBeUndefined()
  expect(execution.traceId).not.toBe(stranger.spanContext().traceId)
  expect(parentOf(only('execute_step'))).toBe(idOf(only('execute_workflow')))
})

test('the execution span names the execution, the kind of workflow and the version of Aura', () => {
  const { only } = collectSpans()
  createTelemetry().executionStarted(start).ended('completed', 1, null)
  expect(only('execute_workflow').attributes).toEqual({
    'workflow.id': 'inc-1',
    'workflow.type': 'multi_agent',
    'orchestration.version': packageJson.version,
    'workflow.name': 'incident',
    'workflow.version': '1.2.0',
    'workflow.recovered': false,
    'workflow.status': 'completed',
  })
})

test('an attempt span says who was called, for what and under which key', () => {
  const { only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  execution.attemptStarted({ ...call, attempt: 2 }).ended('suspended', 1, null)
  expect(only('invoke_agent observer').attributes).toEqual({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'observer',
    'agent.action': 'detect',
    'workflow.step.id': 'observe',
    'workflow.attempt': 2,
    'workflow.idempotency_key': 'inc-1/observe/1',
    'workflow.attempt.outcome': 'suspended',
  })
})

test('a failure marks attempt, step and execution and records the exception, without its secrets', () => {
  const { only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  const error = { ...broken, message: 'GET https://bob:hunter2@host failed' }
  execution.attemptStarted(call).ended('failed', 5, error)
  execution.stepEnded('observe', 'failed')
  execution.ended('failed', 9, { ...broken, code: 'StepFailedError', message: 'observe failed' })

  for (const name of ['invoke_agent observer', 'execute_step']) {
    const span = only(name)
    expect(span.status).toEqual({ code: 2, message: 'GET https://[redacted]@host failed' })
    expect(span.attributes['error.type']).toBe('AgentError')
  }
  expect(only('execute_workflow').status).toEqual({ code: 2, message: 'observe failed' })
  expect(only('execute_workflow').events[0]).toMatchObject({
    name: 'exception',
    attributes: { 'exception.type': 'StepFailedError', 'exception.message': 'observe failed' },
  })
})

test('a step that succeeds at its second attempt is no error', () => {
  const { named, only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  execution.attemptStarted(call).ended('failed', 5, broken)
  execution.attemptStarted({ ...call, attempt: 2 }).ended('completed', 5, null)
  execution.stepEnded('observe', 'completed')
  execution.ended('completed', 9, null)
  expect(named('invoke_agent observer').map((span) => span.status.code)).toEqual([2, 0])
  expect(only('execute_step').status.code).toBe(0)
  expect(only('execute_workflow').status.code).toBe(0)
})

test('a step that runs again after a rollback gets a span of its own', () => {
  const { named } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  for (const run of [1, 2]) {
    execution
      .attemptStarted({ ...call, idempotencyKey: `inc-1/observe/${run}` })
      .ended('completed', 5, null)
    execution.stepEnded('observe', 'completed')
  }
  execution.ended('completed', 9, null)
  const steps = named('execute_step')
  expect(steps).toHaveLength(2)
  expect(named('invoke_agent observer').map(parentOf)).toEqual(steps.map(idOf))
})

test('a step without a call is an event of the execution', () => {
  const { named, only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  execution.stepEnded('approve', 'skipped')
  execution.ended('completed', 9, null)
  expect(named('execute_step')).toHaveLength(0)
  expect(only('execute_workflow').events[0]).toMatchObject({
    name: 'step_ended',
    attributes: { 'workflow.step.id': 'approve', 'workflow.step.status': 'skipped' },
  })
})

test('spans that are open when the process lets go of an execution are ended, once', () => {
  const { exporter, only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  const attempt = execution.attemptStarted(call)
  execution.ended('left', 9, null)
  attempt.ended('completed', 12, null)
  expect(exporter.getFinishedSpans()).toHaveLength(3)
  expect(only('invoke_agent observer').attributes).not.toHaveProperty('workflow.attempt.outcome')
  expect(only('execute_step').status.code).toBe(0)
  expect(only('execute_workflow').attributes['workflow.status']).toBe('left')
})

test('the traceparent of an attempt is the W3C text of its span', () => {
  const { only } = collectSpans()
  const execution = createTelemetry().executionStarted(start)
  const attempt = execution.attemptStarted(call)
  attempt.ended('completed', 5, null)
  const { traceId, spanId } = only('invoke_agent observer').spanContext()
  expect(traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(attempt.traceparent).toBe(`00-${traceId}-${spanId}-01`)
})

test('without a provider nothing is traced and nothing is made for an execution or an attempt', () => {
  const telemetry = createTelemetry()
  const first = telemetry.executionStarted(start)
  const second = telemetry.executionStarted({ ...start, executionId: 'inc-2' })
  expect(first.traceId).toBeNull()
  expect(second).toBe(first)
  const attempt = first.attemptStarted(call)
  expect(attempt.traceparent).toBeNull()
  expect(second.attemptStarted({ ...call, attempt: 7 })).toBe(attempt)
})

test('a provider registered later is used from the next execution on', () => {
  const telemetry = createTelemetry()
  expect(telemetry.executionStarted(start).traceId).toBeNull()
  collectSpans()
  expect(telemetry.executionStarted(start).traceId).not.toBeNull()
  trace.disable()
  expect(telemetry.executionStarted(start).traceId).toBeNull()
  const { only } = collectSpans()
  telemetry.executionStarted(start).ended('completed', 1, null)
  expect(only('execute_workflow').ended).toBe(true)
})

test('tracing off makes no spans though a provider is registered', () => {
  const { exporter } = collectSpans()
  const execution = createTelemetry({ tracing: 'off' }).executionStarted(start)
  execution.attemptStarted(call).ended('completed', 1, null)
  execution.ended('completed', 1, null)
  expect(execution.traceId).toBeNull()
  expect(exporter.getFinishedSpans()).toHaveLength(0)
})

test('an execution that the provider samples out is only counted', async () => {
  const { exporter } = collectSpans({ sampler: new AlwaysOffSampler() })
  const telemetry = createTelemetry()
  const execution = telemetry.executionStarted(start)
  expect(execution.traceId).toBeNull()
  execution.ended('completed', 1, null)
  expect(exporter.getFinishedSpans()).toHaveLength(0)
  expect(await telemetry.metricsText()).toContain('workflow_success_total{workflow="incident"} 1')
})

test('sampling keeps about its share of similar ids and decides alike every time', () => {
  collectSpans()
  const telemetry = createTelemetry({ sampling: 0.25 })
  const traced = (n: number) =>
    telemetry.executionStarted({ ...start, executionId: `inc-${n}` }).traceId !== null
  const ids = Array.from({ length: 4_000 }, (_, n) => n)
  const kept = ids.filter(traced)
  expect(kept.length).toBeGreaterThan(880)
  expect(kept.length).toBeLessThan(1_120)
  expect(ids.filter(traced)).toEqual(kept)
})

test.each([-0.1, 1.1, Number.NaN])('a sampling ratio of %d is refused', (sampling) => {
  expect(() => createTelemetry({ sampling })).toThrow('sampling must be from 0 to 1')
})

test('a span processor that throws disturbs neither the caller nor the metrics', async () => {
  const bad: SpanProcessor = {
    onStart: fail,
    onEnd: fail,
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  collectSpans({ processors: [bad] })
  const telemetry = createTelemetry()
  const execution = telemetry.executionStarted(start)
  execution.attemptStarted(call).ended('completed', 1, null)
  execution.stepEnded('observe', 'completed')
  execution.ended('completed', 1, null)
  expect(await telemetry.metricsText()).toContain('workflow_success_total{workflow="incident"} 1')
})
