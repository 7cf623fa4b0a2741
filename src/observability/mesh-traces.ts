import {
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { MeshTracer, TracedDelivery } from '../core/contracts/mesh.ts'
import { toErrorJson } from '../core/errors.ts'
import { redactText } from './redaction.ts'
import { attributes, deliverySpanName, meshSystem } from './span-names.ts'
import type { TracerLookup } from './tracer-lookup.ts'
import { traceparentOf } from './traces.ts'

/** Traces deliveries with whatever tracer provider is registered at the moment; none costs nothing. */
export class OpenTelemetryMeshTracer implements MeshTracer {
  readonly #tracers: TracerLookup

  constructor(tracers: TracerLookup) {
    this.#tracers = tracers
  }

  active(): string | null {
    const spanContext = trace.getActiveSpan()?.spanContext()
    if (spanContext === undefined || !isSpanContextValid(spanContext)) return null
    return traceparentOf(spanContext)
  }

  deliver<T>(delivery: TracedDelivery, run: () => Promise<T>): Promise<T> {
    const begun = this.#begin(delivery)
    return begun === null ? run() : handled(begun.span, () => context.with(begun.context, run))
  }

  // Samplers and span processors are the user's code; a delivery must not fail because of them.
  #begin(delivery: TracedDelivery): { readonly span: Span; readonly context: Context } | null {
    try {
      const tracer = this.#tracers.current()
      if (tracer === null) return null
      const { event, name } = delivery
      const parent = parentOf(event.traceparent)
      const options = { kind: SpanKind.CONSUMER, attributes: attributesOf(delivery) }
      const span = tracer.startSpan(`${deliverySpanName} ${name}`, options, parent)
      return { span, context: trace.setSpan(parent, span) }
    } catch {
      return null
    }
  }
}

async function handled<T>(span: Span, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    const { code, message } = toErrorJson(thrown)
    span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(message) })
    span.setAttribute(attributes.errorType, code)
    throw thrown
  } finally {
    span.end()
  }
}

/** @param traceparent checked when the event was read */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, remote)
}

function attributesOf({ event, name, attempt }: TracedDelivery): Record<string, string | number> {
  const { id, source, type, correlationid } = event
  return {
    [attributes.messagingSystem]: meshSystem,
    [attributes.messagingOperation]: deliverySpanName,
    [attributes.messagingDestination]: name,
    [attributes.messageId]: id,
    [attributes.eventType]: type,
    [attributes.eventSource]: source,
    [attributes.attempt]: attempt,
    ...(correlationid === undefined ? {} : { [attributes.conversationId]: correlationid }),
  }
}
