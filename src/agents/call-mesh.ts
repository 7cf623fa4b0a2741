import { type CloudEvent, type EventConsumer, readCloudEvent } from '../core/contracts/events.ts'
import type { MeshAccess, MeshPort, OutgoingEvent, PublishedEvent } from '../core/contracts/mesh.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { AgentCall } from './call.ts'

/** What a call's mesh needs of the call. */
export interface CallMeshParts {
  readonly call: AgentCall
  /** Aborted when the call is to stop. */
  readonly signal: () => AbortSignal
  readonly traceparent: string | null
  readonly isEnded: () => boolean
}

interface Subscription {
  stop(): Promise<void>
}

/** What one call publishes, asks and hears; nothing of it is published unless the call completes. */
export class CallMesh implements MeshAccess {
  readonly #parts: CallMeshParts
  readonly #port: MeshPort | null
  readonly #published: PublishedEvent[] = []
  readonly #subscriptions = new Set<Subscription>()
  #subscribing = 0
  #bytes = 0
  #requests = 0

  constructor(parts: CallMeshParts) {
    this.#parts = parts
    this.#port = parts.call.mesh ?? null
  }

  publish(event: OutgoingEvent): void {
    this.#refuseWhenEnded('published an event')
    const published = publishedOf(this.#whole(event, 'e'), this.#parts.traceparent)
    const bytes = Buffer.byteLength(JSON.stringify(published))
    if (this.#published.length >= limits.publishedEventsMax)
      throw tooMuch('publishes more events', 'publishedEventsMax')
    if (this.#bytes + bytes > limits.payloadBytesMax)
      throw tooMuch('publishes more bytes', 'payloadBytesMax')
    this.#bytes += bytes
    this.#published.push(published)
  }

  async request(
    event: OutgoingEvent,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<CloudEvent> {
    const port = this.#needPort('request')
    const { signal, traceparent } = this.#parts
    const whole = this.#whole(event, `r${++this.#requests}`)
    const traced = traceparent === null ? whole : readCloudEvent({ ...whole, traceparent })
    return port.request(traced, { timeoutMs, signal: signal() })
  }

  async subscribe(pattern: string, consumer: EventConsumer): Promise<Subscription> {
    const port = this.#needPort('subscribe')
    if (this.#subscriptions.size + this.#subscribing >= limits.callSubscriptionsMax)
      throw tooMuch('has more subscriptions', 'callSubscriptionsMax')
    this.#subscribing++
    try {
      const opened = await port.subscribe(pattern, consumer)
      const subscription = {
        stop: () => {
          this.#subscriptions.delete(subscription)
          return opened.stop()
        },
      }
      this.#subscriptions.add(subscription)
      if (this.#parts.isEnded()) this.end()
      return subscription
    } finally {
      this.#subscribing--
    }
  }

  /** What is to be recorded when the call completes; undefined when there is nothing. */
  get published(): readonly PublishedEvent[] | undefined {
    return this.#published.length === 0 ? undefined : this.#published
  }

  /** The call has ended: it hears nothing any more. */
  end(): void {
    // A handler that runs may be what the call waited for: nobody waits for it to end.
    for (const subscription of this.#subscriptions) {
      subscription.stop().catch(() => {}) // the call is over: there is nobody to tell
    }
  }

  /** @throws InputError for what is no event */
  #whole(event: OutgoingEvent, name: string): CloudEvent {
    const { executionId, idempotencyKey, correlationId } = this.#parts.call
    return readCloudEvent({
      ...event,
      id: `${idempotencyKey}/${name}`,
      source: sourceOf(executionId),
      correlationid: correlationId,
    })
  }

  #needPort(what: string): MeshPort {
    this.#refuseWhenEnded(`asked the mesh to ${what}`)
    if (this.#port !== null) return this.#port
    throw new OrchestrationError(
      'RefusedError',
      `ctx.mesh.${what} needs a mesh, and there is none`,
      {
        hint: 'give openEngine a mesh, or use ctx.mesh.publish, which needs none',
      },
    )
  }

  #refuseWhenEnded(what: string): void {
    if (this.#parts.isEnded())
      throw new OrchestrationError('UsageError', `the call ${what} after it had ended`)
  }
}

/** The CloudEvents `source` of what an execution publishes. */
export function sourceOf(executionId: string): string {
  return `/executions/${executionId}`
}

function publishedOf(event: CloudEvent, traceparent: string | null): PublishedEvent {
  const { type, data, subject, partitionkey } = event
  return {
    type,
    data,
    ...(subject === null ? {} : { subject }),
    ...(partitionkey === undefined ? {} : { partitionkey }),
    ...(traceparent === null ? {} : { traceparent }),
  }
}

function tooMuch(
  what: string,
  limit: 'publishedEventsMax' | 'payloadBytesMax' | 'callSubscriptionsMax',
): ResourceExhaustionError {
  return new ResourceExhaustionError(`the call ${what} than ${limits[limit]} (${limit})`, {
    details: { limit, max: limits[limit] },
  })
}
