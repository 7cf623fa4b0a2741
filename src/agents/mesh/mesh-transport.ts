import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import { AgentCommunicationError, fromErrorJson, isOrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import type { ActionPlan } from '../action-plan.ts'
import { describeThrown } from '../failure.ts'
import { suspend } from '../suspend.ts'
import type { AgentTransport, TransportCall } from '../transport.ts'
import { type HostDirectory, directoryOf } from './host-directory.ts'
import { callType, lookupType, messages, readMessage } from './messages.ts'

export interface MeshTransportParts {
  /** Under which hosts have the agent. */
  readonly address: string
  readonly clock: () => Clock
  /** Null: this process has no mesh. */
  readonly mesh: () => MeshPort | null
}

/** How long a call waits for a host to be there, before anything was sent. */
const findMs = 10_000
/** How long one answer of a lookup is waited for, and how long until the next question. */
const lookupMs = 5_000
const lookupPauseMs = 500

/**
 * Calls an agent that another process hosts (`aura agent-host`): a request to one host, chosen among those
 * that say that they are there. A host that dies or falls silent ends its calls at once; whether their effects
 * have happened is then unknown, and decided as for any transport: by effect and lookup.
 */
export class MeshTransport implements AgentTransport {
  readonly isKept = true
  readonly #parts: MeshTransportParts

  constructor(parts: MeshTransportParts) {
    this.#parts = parts
  }

  open(): void {}

  call(call: TransportCall, input: JsonValue): void {
    const controller = new AbortController()
    call.onCancel(() => controller.abort())
    this.#call(call, input, controller.signal).catch((thrown: unknown) =>
      call.failed(describeThrown(thrown), 'unknown'),
    )
  }

  async lookup(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal): Promise<unknown> {
    const reply = await this.#askAgain(plan, idempotencyKey, signal)
    const found = readMessage('found', messages.found, reply.data)
    if (found.kind === 'completed') return found.output
    if (found.kind === 'never') return undefined
    throw found.error === null
      ? new AgentCommunicationError(`the host of ${plan.fullName} does not know the outcome`)
      : fromErrorJson(found.error)
  }

  close(): void {}

  /**
   * Asks a host what became of a call until one has answered, or nobody waits for it any more: what kept the
   * call from being answered, a broker that is away or a host that died, keeps away the first questions too.
   */
  async #askAgain(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal) {
    const { mesh, directory } = this.#reach()
    for (;;) {
      try {
        const hostId = await directory.find(this.#parts.address, findMs)
        if (hostId === null) throw nobody(plan.fullName)
        const data = { action: plan.name, idempotencyKey }
        const asked = this.#event(lookupType(this.#parts.address, hostId), idempotencyKey, data)
        return await mesh.request(asked, { timeoutMs: lookupMs, signal })
      } catch (thrown) {
        if (signal.aborted || !isOrchestrationError(thrown) || !thrown.retryable) throw thrown
      }
      await new Promise<void>((resolve) => this.#parts.clock().after(lookupPauseMs, resolve))
    }
  }

  async #call(call: TransportCall, input: JsonValue, signal: AbortSignal): Promise<void> {
    const { plan, call: asked, context } = call
    const { mesh, directory } = this.#reach()
    const hostId = await directory.find(this.#parts.address, findMs)
    if (signal.aborted) return
    if (hostId === null) return call.failed(nobody(plan.fullName).toJSON(), 'never')
    const leftMs =
      context.deadlineMs === null
        ? limits.meshDeadlineMsMax
        : Math.max(1, context.deadlineMs - this.#parts.clock().nowMs())
    const { executionId, stepId, index, attempt, idempotencyKey, correlationId, resumed } = asked
    const named = { executionId, stepId, index, attempt, idempotencyKey, correlationId, resumed }
    const tda = asked.tda as unknown as JsonValue
    const timeoutMs = Math.min(leftMs, limits.meshDeadlineMsMax)
    const data = { ...named, action: plan.name, input, tda, timeoutMs } as unknown as JsonValue
    const event = this.#event(callType(this.#parts.address, hostId), idempotencyKey, data)
    const gone = new AbortController()
    const unwatch = directory.watch(hostId, () => gone.abort())
    call.sent()
    try {
      const reply = await mesh.request(
        { ...event, ...(call.traceparent === null ? {} : { traceparent: call.traceparent }) },
        { timeoutMs, signal: AbortSignal.any([signal, gone.signal]) },
      )
      this.#settle(call, reply)
    } catch (thrown) {
      const error = gone.signal.aborted ? silent(plan.fullName, hostId) : thrown
      call.failed({ ...describeThrown(error), retryable: true }, 'unknown')
    } finally {
      unwatch()
    }
  }

  #settle(call: TransportCall, { data }: CloudEvent): void {
    const answer = readMessage('answer', messages.answer, data)
    if (answer.kind === 'completed') call.returned(answer.output)
    else if (answer.kind === 'failed') call.failed(answer.error, answer.happened)
    else {
      const { signal, schema, resumeToken } = answer
      call.returned(suspend({ signal, resumeToken, ...(schema === null ? {} : { schema }) }))
    }
  }

  #reach(): { readonly mesh: MeshPort; readonly directory: HostDirectory } {
    const mesh = this.#parts.mesh()
    if (mesh === null) throw noMesh(this.#parts.address)
    return { mesh, directory: directoryOf(mesh, this.#parts.clock()) }
  }

  #event(type: string, id: string, data: JsonValue): CloudEvent {
    return { id, source: '/agents/callers', type, time: null, subject: null, data }
  }
}

function nobody(name: string): AgentCommunicationError {
  return new AgentCommunicationError(`no host of ${name} is there`, {
    hint: 'start one: aura agent-host --agents MODULE, with the same KAFKA_BROKERS',
  })
}

function silent(name: string, hostId: string): AgentCommunicationError {
  return new AgentCommunicationError(`${name}: its host ${hostId} has gone silent`)
}

function noMesh(address: string): AgentCommunicationError {
  return new AgentCommunicationError(
    `agent '${address}' is called over a mesh, and there is none`,
    {
      retryable: false,
      hint: 'give openEngine a mesh, or set KAFKA_BROKERS for aura run and aura serve',
    },
  )
}
