import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import type { CloudEvent } from '../core/contracts/events.ts'
import { InProcessMesh } from '../mesh/index.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { createTelemetry } from './telemetry.ts'

afterEach(() => {
  trace.disable()
  context.disable()
})

function event(id: string): CloudEvent {
  return { id, source: 'test', type: 't', time: null, subject: null, data: null }
}

/** As an application registers it; the SDK's own context manager is another package. */
function followContexts(): void {
  const storage = new AsyncLocalStorage<Context>()
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (of, run, self, ...words) => storage.run(of, () => run.call(self, ...words)),
    bind: (_, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  })
}

function collectSpans() {
  const exporter = new InMemorySpanExporter()
  const spanProcessors = [new SimpleSpanProcessor(exporter)]
  const provider = new BasicTracerProvider({ spanProcessors })
  trace.setGlobalTracerProvider(provider)
  followContexts()
  return { exporter, tracer: provider.getTracer('test') }
}

function newMesh() {
  const time = new FakeTime()
  const telemetry = createTelemetry()
  const mesh = new InProcessMesh({ clock: time.newLife(), tracer: telemetry.meshTracer })
  telemetry.watchMesh(() => mesh.readings())
  return { time, telemetry, mesh }
}

test('a delivery is a span under that of the publisher, over queues and replies too, and fails with its handler', async () => {
  const { exporter, tracer } = collectSpans()
  const { time, mesh } = newMesh()
  const seen: (string | undefined)[] = []
  const queue = await mesh.queue('q', { deliveriesMax: 1 })
  await queue.work(async ({ traceparent }) => {
    seen.push(traceparent)
    throw new Error('down')
  })
  await mesh.subscribe('t', async ({ traceparent }) => {
    seen.push(traceparent, trace.getActiveSpan()?.spanContext().traceId)
    await queue.send(event('2'))
  })
  const publisher = tracer.startSpan('publisher')
  const active = trace.setSpan(ROOT_CONTEXT, publisher)
  await context.with(active, () => mesh.publish(event('1')))
  await time.advance(0)
  publisher.end()
  const { traceId, spanId } = publisher.spanContext()
  const named = (name: string) => exporter.getFinishedSpans().find((span) => span.name === name)
  const [queued, handled] = [named('process q'), named('process t')]
  expect(handled?.kind).toBe(SpanKind.CONSUMER)
  expect(handled?.parentSpanContext?.spanId).toBe(spanId)
  expect(handled?.attributes).toMatchObject({
    'messaging.system': 'aura',
    'messaging.message.id': '1',
    'cloudevents.event_type': 't',
    'workflow.attempt': 1,
  })
  expect(queued?.spanContext().traceId).toBe(traceId)
  expect(queued?.parentSpanContext?.spanId).toBe(handled?.spanContext().spanId)
  expect(queued?.attributes['error.type']).toBe('AgentError')
  const handledId = handled?.spanContext().spanId
  expect(seen).toEqual([`00-${traceId}-${spanId}-01`, traceId, `00-${traceId}-${handledId}-01`])
})

test('without a provider nothing is traced, and an event keeps the trace that it came with', async () => {
  const { time, mesh } = newMesh()
  const seen: (string | undefined)[] = []
  await mesh.subscribe('t', async ({ traceparent }) => void seen.push(traceparent))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'
  await mesh.publish(event('1'))
  await mesh.publish({ ...event('2'), traceparent })
  await time.advance(0)
  expect(seen).toEqual([undefined, traceparent])
})

test('depth, age and counts of queues and groups are metrics', async () => {
  const { time, mesh, telemetry } = newMesh()
  const queue = await mesh.queue('mails', { deliveriesMax: 1, depthMax: 3 })
  for (const id of ['1', '2', '3']) {
    const sending = queue.send(event(id))
    await time.advance(0)
    await sending
  }
  await expect(queue.send(event('4'))).rejects.toThrow('queueDepthMax')
  await time.advance(2_500)
  const lines = async () =>
    (await telemetry.metricsText()).split('\n').filter((line) => line.startsWith('mesh_'))
  const of = 'kind="queue",name="mails"'
  expect(await lines()).toEqual([
    `mesh_depth{${of}} 3`,
    `mesh_in_flight{${of}} 0`,
    `mesh_oldest_age_seconds{${of}} 2.5`,
    `mesh_dead_letters{${of}} 0`,
    `mesh_deliveries_total{${of}} 0`,
    `mesh_redeliveries_total{${of}} 0`,
    `mesh_dead_letters_total{${of}} 0`,
    `mesh_repeats_total{${of}} 0`,
    `mesh_refused_total{${of}} 1`,
  ])
  await queue.work(async () => {
    throw new Error('down')
  })
  for (let i = 0; i < 2; i++) await mesh.subscribe('t', async () => undefined)
  await mesh.publish(event('5'))
  await time.advance(0)
  const later = await lines()
  expect(later).toContain(`mesh_dead_letters{${of}} 3`)
  expect(later).toContain(`mesh_dead_letters_total{${of}} 3`)
  expect(later).toContain(`mesh_depth{${of}} 0`)
  expect(later).toContain('mesh_deliveries_total{kind="subscription",name="t"} 2')
})
