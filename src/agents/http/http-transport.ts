import { invariant } from '../../core/assert.ts'
import type { Clock } from '../../core/clock.ts'
import { AgentCommunicationError, OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import type { ActionPlan } from '../action-plan.ts'
import type { AgentConfiguration } from '../configuration.ts'
import { describeThrown } from '../failure.ts'
import type { AgentTransport, TransportCall } from '../transport.ts'
import { readJson, settleExchange } from './answer.ts'
import type { Exchange } from './exchange.ts'
import {
  joinOrigin,
  leaveOrigin,
  type OriginConnections,
  type OriginRequest,
} from './origin-connections.ts'
import { readTlsMaterial } from './tls-material.ts'

/**
 * Calls an agent over HTTP as contract §3 "HTTP agents" says. Connections are kept alive and shared by all agents
 * of the process at the same origin, at most `connectionsMax` of them; a call that waits for one has not been sent,
 * and its timeout runs. For effect `once` each is fresh: on a kept connection that the server has just closed,
 * nobody could tell whether the request arrived. A `read` or `idempotent` request that meets such a connection is
 * sent once more on a fresh one.
 */
export class HttpTransport implements AgentTransport {
  readonly #config: AgentConfiguration
  readonly #url: string
  readonly #clock: () => Clock
  #connections: OriginConnections | null = null

  constructor(config: AgentConfiguration, clock: () => Clock) {
    this.#config = config
    this.#url = config.communicationConfig.address ?? ''
    this.#clock = clock
  }

  open(): void {
    const { tls, connectionsMax = limits.connectionsMax } = this.#config.communicationConfig
    this.#connections = joinOrigin(this, {
      url: this.#url,
      tls: readTlsMaterial(tls),
      connectionsMax,
    })
  }

  call(call: TransportCall, input: JsonValue): void {
    try {
      this.#send(call, this.#callRequest(call, input))
    } catch (error) {
      call.failed(describeThrown(error), 'never')
    }
  }

  async lookup(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Exchange>()
    const request: OriginRequest = {
      method: 'GET',
      url: outcomeUrl(this.#url, idempotencyKey),
      headers: { accept: 'application/json', ...this.#authHeaders() },
      body: null,
      bodyBytesMax: this.#config.resourceLimits.payloadBytesMax,
      onConnected() {},
      over: 'lookup',
      turn: { owner: idempotencyKey, age: 0 },
    }
    const cancel = this.#opened().send(request, resolve)
    signal.addEventListener('abort', cancel, { once: true })
    return readLookup(plan.fullName, await promise)
  }

  close(): void {
    leaveOrigin(this)
    this.#connections = null
  }

  #opened(): OriginConnections {
    invariant(this.#connections !== null, 'an HTTP agent is called before it is started')
    return this.#connections
  }

  #send(call: TransportCall, request: OriginRequest): void {
    const cancel = this.#opened().send(request, (result) => {
      if (result.kind === 'broken' && isOutOfFiles(result.error)) {
        // Our own exhaustion is no failure of the agent: a file becomes free when another call ends.
        call.onCancel(this.#clock().after(outOfFilesMs, () => this.#send(call, request)))
        return
      }
      const isStale = result.kind === 'broken' && result.wasReused && request.over === 'kept'
      if (!isStale) settleExchange(call, result, this.#clock().nowMs())
      else this.#send(call, { ...request, over: 'fresh' })
    })
    call.onCancel(cancel)
  }

  #callRequest(call: TransportCall, input: JsonValue): OriginRequest {
    const { executionId, stepId, index, attempt, idempotencyKey, correlationId, tda, resumed } =
      call.call
    const { deadlineMs } = call.context
    const context = {
      executionId,
      stepId,
      index,
      attempt,
      deadlineMs,
      correlationId,
      tda,
      ...(resumed === null ? {} : { resumed }),
    }
    return {
      method: 'POST',
      url: this.#url,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(call.traceparent === null ? {} : { traceparent: call.traceparent }),
        ...this.#authHeaders(),
      },
      body: () => JSON.stringify({ action: call.plan.name, input, context }),
      bodyBytesMax: this.#config.resourceLimits.payloadBytesMax,
      onConnected: () => call.sent(),
      over: call.plan.effect === 'once' ? 'fresh' : 'kept',
      turn: { owner: executionId, age: 0 },
    }
  }

  #authHeaders(): Record<string, string> {
    const { auth } = this.#config.communicationConfig
    if (auth === undefined) return {}
    return auth.kind === 'bearer'
      ? { authorization: `Bearer ${auth.token}` }
      : { [auth.name]: auth.value }
  }
}

/** A connection that found no free file descriptor is tried again after so long, until the attempt's timeout. */
const outOfFilesMs = 50

function isOutOfFiles(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EMFILE' || code === 'ENFILE'
}

/** `<url>/outcome/<key>` with the key as one segment; a query of the URL stays at the end. */
export function outcomeUrl(url: string, idempotencyKey: string): string {
  const { origin, pathname, search } = new URL(url)
  return `${origin}${pathname.replace(/\/$/, '')}/outcome/${encodeURIComponent(idempotencyKey)}${search}`
}

/** @throws AgentCommunicationError, ResourceExhaustionError: the outcome is still unknown. */
function readLookup(name: string, result: Exchange): JsonValue | undefined {
  if (result.kind === 'broken')
    throw new AgentCommunicationError(`outcome of ${name}: ${result.error.message}`)
  if (result.kind === 'unsendable') throw result.error
  if (result.kind === 'tooLarge') {
    throw new OrchestrationError(
      'ResourceExhaustionError',
      `the outcome of ${name} is over payloadBytesMax`,
    )
  }
  const { status, body } = result.answer
  const value = readJson(body)
  if (status === 200 && value !== undefined) return value
  if (status === 404 && value !== undefined && isJsonObject(value) && value['outcome'] === 'none')
    return undefined
  throw new AgentCommunicationError(
    `outcome of ${name}: the agent answered ${status}, which decides nothing`,
  )
}
