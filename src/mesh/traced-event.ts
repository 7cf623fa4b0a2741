import { type CloudEvent, extendEvent, readCloudEvent } from '../core/contracts/events.ts'
import type { MeshTracer } from '../core/contracts/mesh.ts'

/** The event as it is accepted: with the trace of whoever publishes it, unless it has one. @throws as `readCloudEvent` */
export function tracedEvent(event: CloudEvent, tracer: MeshTracer): CloudEvent {
  const read = readCloudEvent(event)
  const traceparent = read.traceparent === undefined ? tracer.active() : null
  return traceparent === null ? read : extendEvent(read, { traceparent })
}
