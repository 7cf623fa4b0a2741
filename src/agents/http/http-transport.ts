import { Agent as HttpConnections } from 'node:http'
import { Agent as HttpsConnections } from 'node:https'
import type { Clock } from '../../core/clock.ts'
import { AgentCommunicationError, OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import type { ActionPlan } from '../action-plan.ts'
import type { AgentConfiguration } from '../configuration.ts'
import { describeThrown } from '../failure.ts'
import type { AgentTransport, TransportCall } from '../transport.ts'
import { readJson, settleExchange } from './answer.ts'
import { exchange, type Exchange, type ExchangeRequest } from './exchange.ts'
import { readTlsMaterial, type TlsMaterial } from './tls-material.ts'

/**
 * Calls an agent over HTTP as contract §3 "HTTP agents" says. Connections are kept alive per agent, except for
 * effect `once`: on a kept connection that the server has just closed, nobody could tell whether the request
 * arrived. A `read` or `idempotent` request that meets such a connection is sent once more on a fresh one.
 */
export class HttpTransport implements AgentTransport {
  readonly #config: AgentConfiguration
  readonly #url: string
  readonly #clock: () => Clock
  #tls: TlsMaterial = {}
  #connections: HttpConnections | null = null

  constructor(config: AgentConfiguration, clock: () => Clock) {
    this.#config = config
    this.#url = config.communicationConfig.address ?? ''
    this.#clock = clock
  }

  open(): void {
    this.#tls = readTlsMaterial(this.#config.communicationConfig.tls)
    this.#connections = this.#url.startsWith('https:')
      ? new HttpsConnections({ keepAlive: true, ...this.#tls })
      : new HttpConnections({ keepAlive: true })
  }

  call(call: TransportCall, input: JsonValue): void {
    try {
      const isOnce = call.plan.effect === 'once'
      this.#send(
        call,
        this.#callRequest(call, input),
        isOnce ? false : (this.#connections ?? false),
      )
    } catch (error) {
      call.failed(describeThrown(error), 'never')
    }
  }

  lookup(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request: ExchangeRequest = {
        method: 'GET',
        url: outcomeUrl(this.#url, idempotencyKey),
        headers: { accept: 'application/json', ...this.#authHeaders() },
        body: null,
        connections: false,
        tls: this.#tls,
        bodyBytesMax: this.#config.resourceLimits.payloadBytesMax,
        onConnected() {},
      }
      const cancel = exchange(request, (result) => {
        try {
          resolve(readLookup(plan.fullName, result))
        } catch (error) {
          reject(error)
        }
      })
      signal.addEventListener('abort', cancel, { once: true })
    })
  }

  close(): void {
    this.#connections?.destroy()
    this.#connections = null
  }

  #send(
    call: TransportCall,
    request: Omit<ExchangeRequest, 'connections'>,
    connections: HttpConnections | false,
  ): void {
    const cancel = exchange({ ...request, connections }, (result) => {
      if (result.kind === 'broken' && isOutOfFiles(result.error)) {
        // Our own exhaustion is no failure of the agent: a file becomes free when another call ends.
        const clear = this.#clock().after(outOfFilesMs, () =>
          this.#send(call, request, connections),
        )
        call.onCancel(clear)
        return
      }
      const isStale = result.kind === 'broken' && result.wasReused && connections !== false
      if (!isStale) settleExchange(call, result, this.#clock().nowMs())
      else this.#send(call, request, false)
    })
    call.onCancel(cancel)
  }

  #callRequest(call: TransportCall, input: JsonValue): Omit<ExchangeRequest, 'connections'> {
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
      body: JSON.stringify({ action: call.plan.name, input, context }),
      tls: this.#tls,
      bodyBytesMax: this.#config.resourceLimits.payloadBytesMax,
      onConnected: () => call.sent(),
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
