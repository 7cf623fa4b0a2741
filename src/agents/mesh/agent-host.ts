import { assertNever, invariant } from '../../core/assert.ts'
import type { Clock } from '../../core/clock.ts'
import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import type { MeshResponder } from '../../core/contracts/mesh.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import { messageOf, toErrorJson } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import type { BaseAgent } from '../base-agent.ts'
import type { AgentCall } from '../call.ts'
import { sourceOf } from '../call-mesh.ts'
import type { CallOutcome } from '../contract.ts'
import type { AgentHost } from '../host.ts'
import {
  answerType,
  type CallAnswer,
  callType,
  type LookupAnswer,
  lookupType,
  presenceMs,
  presenceType,
  messages,
  readMessage,
  type SentCall,
  whoIsThereType,
} from './messages.ts'

export interface MeshAgentHostOptions {
  readonly mesh: MeshResponder
  /** Each is reached under its type; those of one type share its calls. */
  readonly agents: readonly BaseAgent[]
  readonly clock: Clock
  readonly logger?: Logger
  /** For the host's name. Default: the computer's. */
  readonly random?: Random
  /** What agents are given beside clock and logger. */
  readonly host?: Partial<AgentHost>
}

/** Outcomes of calls that a host remembers, so that a repeat gets what the first one got. */
const outcomesMax = 10_000

/**
 * Serves agents to other processes over a mesh. It tells every second that it is there; a call with a key that
 * it knows is not made again but gets the outcome of the first one, or waits for it.
 */
export class MeshAgentHost {
  readonly id: string
  readonly #options: MeshAgentHostOptions
  readonly #logger: Logger
  readonly #calls = new Map<string, Promise<CallAnswer>>()
  readonly #byType: ReadonlyMap<string, readonly BaseAgent[]>
  readonly #subscriptions: { stop(): Promise<void> }[] = []
  #cancelPresence: (() => void) | null = null
  #isClosed = false
  #words = 0

  constructor(options: MeshAgentHostOptions) {
    const { random = systemRandom } = options
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.#byType = Map.groupBy(options.agents, ({ type }) => type)
    this.id = Array.from({ length: 16 }, () => Math.floor(random() * 32).toString(32)).join('')
  }

  /** Starts the agents and takes calls. @throws AgentUnavailableError when one does not start; as `subscribe` */
  async open(): Promise<void> {
    const { agents, mesh, clock, host } = this.#options
    for (const agent of agents)
      await agent.init({ ...host, clock, logger: this.#logger, mesh: () => mesh })
    for (const [type, ofType] of this.#byType) {
      const maxConcurrent = ofType.reduce(
        (sum, { config }) => sum + config.resourceLimits.maxConcurrent,
        0,
      )
      this.#subscriptions.push(
        await mesh.subscribe(
          callType(type, this.id),
          (event, delivery) => this.#called(type, event, delivery),
          { maxConcurrent },
        ),
        await mesh.subscribe(lookupType(type, this.id), (event) => this.#asked(type, event)),
      )
    }
    this.#subscriptions.push(await mesh.subscribe(whoIsThereType, () => this.#tell()))
    await this.#tell()
    this.#tellAgain()
  }

  /** Takes no new calls, waits for those under way, and says that it leaves. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelPresence?.()
    // Without addresses it gets no new calls; its leaving would end those that it still answers.
    await this.#tell([])
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()))
    await this.#tell(null)
    await Promise.all(this.#options.agents.map((agent) => agent.close()))
  }

  async #called(
    type: string,
    event: CloudEvent,
    delivery: { readonly signal: AbortSignal; extend(ms: number): boolean },
  ): Promise<CloudEvent> {
    const sent = readMessage('call', messages.call, event.data)
    // The deadline is the caller's; the mesh's own is only for handlers without one.
    if (sent.timeoutMs !== null) delivery.extend(sent.timeoutMs)
    const key = keyOf(type, sent)
    const answer = this.#calls.get(key) ?? this.#begin(sent, { type, event, delivery })
    return this.#reply(event, await answer)
  }

  #begin(
    sent: SentCall,
    of: {
      readonly type: string
      readonly event: CloudEvent
      readonly delivery: { readonly signal: AbortSignal }
    },
  ): Promise<CallAnswer> {
    const { type, event, delivery } = of
    const key = keyOf(type, sent)
    const agent = this.#idlest(type)
    const call = callOf(sent, event, this.#options.mesh)
    const answer = new Promise<CallAnswer>((resolve) => {
      const running = agent.invoke(sent.action, call, (outcome) => {
        this.#publish(sent, outcome).then(
          () => resolve(answerOf(outcome)),
          (thrown: unknown) => resolve(unpublished(thrown)),
        )
      })
      delivery.signal.addEventListener('abort', () => running.abort('the caller has given up'))
    })
    this.#calls.set(key, answer)
    void answer.then(({ kind }) => {
      // What failed or waits may be asked for again; only what is done is done.
      if (kind !== 'completed') this.#calls.delete(key)
    })
    const [oldest] = this.#calls.keys()
    if (this.#calls.size > outcomesMax && oldest !== undefined) this.#calls.delete(oldest)
    return answer
  }

  /** What the call has published is sent before its outcome is told, under the names that a repeat has too. */
  async #publish(sent: SentCall, outcome: CallOutcome): Promise<void> {
    if (outcome.kind !== 'completed') return
    const { executionId, idempotencyKey } = sent
    const source = sourceOf(executionId)
    const time = new Date(this.#options.clock.nowMs()).toISOString()
    for (const [place, event] of (outcome.events ?? []).entries()) {
      const id = `${idempotencyKey}/e${place}`
      const named = { id, source, time, correlationid: executionId }
      await this.#options.mesh.publish(readCloudEvent({ ...event, ...named }))
    }
  }

  async #asked(type: string, event: CloudEvent): Promise<CloudEvent> {
    const asked = readMessage('lookup', messages.lookup, event.data)
    const known = await this.#calls.get(keyOf(type, asked))
    if (known?.kind === 'completed') return this.#reply(event, known)
    const { action, idempotencyKey } = asked
    return this.#reply(event, await this.#idlest(type).lookup(action, idempotencyKey))
  }

  /** Of the agents of a type the one with the fewest calls under way. */
  #idlest(type: string): BaseAgent {
    const ofType = this.#byType.get(type) ?? []
    const [first, ...others] = ofType
    invariant(first !== undefined, `the host has no agent of type '${type}'`)
    return others.reduce((best, agent) => (agent.running < best.running ? agent : best), first)
  }

  #reply(to: CloudEvent, answer: CallAnswer | LookupAnswer): CloudEvent {
    const data = answer as unknown as JsonValue
    const id = `${this.id}/${this.#words++}`
    return {
      id,
      source: `/agents/hosts/${this.id}`,
      type: answerType,
      time: null,
      subject: to.id,
      data,
    }
  }

  /**
   * Says under which addresses the host is there; null: it leaves. Never rejects: a mesh that is away for a
   * moment is told the next time.
   */
  async #tell(addresses: readonly string[] | null = [...this.#byType.keys()]): Promise<void> {
    const { mesh } = this.#options
    const data = { hostId: this.id, addresses: addresses ?? [], isLeaving: addresses === null }
    const id = String(this.#words++)
    const source = `/agents/hosts/${this.id}`
    try {
      await mesh.publish({ id, source, type: presenceType, time: null, subject: null, data })
    } catch (thrown) {
      const error = messageOf(thrown)
      this.#logger.log('warn', 'the host cannot say that it is there', { error })
    }
  }

  #tellAgain(): void {
    this.#cancelPresence = this.#options.clock.after(presenceMs, () => {
      if (this.#isClosed) return
      void this.#tell()
      this.#tellAgain()
    })
  }
}

function keyOf(type: string, call: Pick<SentCall, 'action' | 'idempotencyKey'>): string {
  return `${type} ${call.action} ${call.idempotencyKey}`
}

function callOf(sent: SentCall, { traceparent }: CloudEvent, mesh: MeshResponder): AgentCall {
  const { action: _, tda, ...named } = sent
  return {
    ...named,
    tda: tda as unknown as TdaContext,
    budget: { agentCallsLeft: null, tokensLeft: null, costUsdLeft: null },
    mesh,
    traceparent: traceparent ?? null,
  }
}

function answerOf(outcome: CallOutcome): CallAnswer {
  switch (outcome.kind) {
    case 'completed':
      return { kind: 'completed', output: outcome.output }
    case 'suspended': {
      const { signal, schema, resumeToken } = outcome
      return { kind: 'suspended', signal, schema, resumeToken }
    }
    case 'unknown':
      return { kind: 'failed', error: outcome.error, happened: 'unknown' }
    case 'failed':
      return { kind: 'failed', error: outcome.error, happened: 'done' }
    default:
      return assertNever(outcome, 'outcome')
  }
}

function unpublished(thrown: unknown): CallAnswer {
  return { kind: 'failed', error: toErrorJson(thrown), happened: 'unknown' }
}
