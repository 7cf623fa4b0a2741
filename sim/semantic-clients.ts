import { isOrchestrationError } from '../src/core/errors.ts'
import { isJsonObject, type JsonObject } from '../src/core/json.ts'
import type { SemanticEvent } from '../src/semantic/index.ts'
import { isAdaptedOnce } from './check-adaptations.ts'
import type { ExecutionRecord } from './records.ts'
import type { World } from './world.ts'

/** A semantic event that somebody sent. */
interface SentEvent {
  readonly event: SemanticEvent
  readonly source: string
  readonly isPoison: boolean
  /** Accepted, or refused for ever. */
  isSettled: boolean
  executionId: string | null
}

/** What no orchestrator can handle, by what is wrong with it. */
const poisonous: readonly (readonly [fault: string, part: JsonObject])[] = [
  ['event badType', { eventType: 'somebody_sneezed' }],
  ['event badScore', { urgencyScore: 2 }],
  ['event badShape', { semanticContext: 'nothing' }],
]
export const eventFaults: readonly string[] = [
  'event duplicate',
  'event sameAnomaly',
  ...poisonous.map(([fault]) => fault),
]

/** Those who send semantic events, and send them again until they hear that something was begun for them. */
export class SemanticClients {
  readonly #sent: SentEvent[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** Somebody sends an event: a new one, now and then by two senders or twice at once, or one that is poisoned. */
  send(): void {
    const event = this.#event(`s${this.#sent.length}`)
    this.#sendOne(event)
    // An anomaly is reported as long as it lasts, each time by an event of its own.
    if (event.semanticContext['change'] === undefined || event.tdaCorrelation == null) return
    this.#world.saw('event sameAnomaly')
    this.#soon(() => this.#sendOne({ ...event, eventId: `s${this.#sent.length}` }))
  }

  #sendOne(event: SemanticEvent): void {
    const { random } = this.#world
    const [fault, bad] = random() < 0.2 ? (this.#world.pick(poisonous) ?? []) : []
    if (fault !== undefined) this.#world.saw(fault)
    const sent: SentEvent = {
      event: { ...event, ...bad },
      source: random() < 0.5 ? '/a' : '/b',
      isPoison: fault !== undefined,
      isSettled: false,
      executionId: null,
    }
    this.#sent.push(sent)
    this.#deliver(sent)
    if (random() >= 0.5) return
    this.#world.saw('event duplicate')
    this.#soon(() => this.#deliver(sent))
  }

  #soon(happen: () => void): void {
    const { random, time } = this.#world
    this.#world.at(time.monotonicMs + 10 * Math.floor(random() * 20), happen)
  }

  /** Delivers once more what was settled, or what was not. */
  sendAgain(isSettled: boolean): void {
    for (const sent of this.#sent) if (sent.isSettled === isSettled) this.#deliver(sent)
  }

  get areServed(): boolean {
    return this.#sent.every(({ isSettled }) => isSettled)
  }

  /** Each event began one execution at most, each vote too, and what was acknowledged is there. */
  check(): void {
    const { records } = this.#world
    const begun = new Map<string, string[]>()
    for (const record of records.byId.values()) {
      const about = subjectOf(record)
      if (about !== null) begun.set(about, [...(begun.get(about) ?? []), record.row.executionId])
      if (!isAdaptedOnce(record)) this.#world.fail(`adaptedOnce (${record.row.executionId})`)
    }
    for (const [about, ids] of begun)
      if (ids.length > 1) this.#world.fail(`eventBeginsOnce (${about}: ${ids.join(', ')})`)
    for (const { executionId, isPoison } of this.#sent) {
      if (executionId === null) continue
      if (isPoison) this.#world.fail(`poisonIsRefused (${executionId})`)
      if (!records.byId.has(executionId)) this.#world.fail(`noAcceptedIsLost (${executionId})`)
    }
  }

  #deliver(sent: SentEvent): void {
    const { disk, process } = this.#world
    const fail = (property: string): void => this.#world.fail(property)
    process.orchestrator.processSemanticEvent(sent.event, sent.source).then(
      ({ executionId, kind }) => {
        sent.isSettled = true
        this.#world.coverage.count('features', `event ${kind}`)
        if (sent.executionId !== null && sent.executionId !== executionId)
          fail(`eventHasOneExecution (${executionId})`)
        sent.executionId = executionId
        if (disk.store.find(executionId) === undefined) fail('acceptedIsDurable')
      },
      (thrown: unknown) => {
        if (!isOrchestrationError(thrown)) return fail(`refusedWithAnError (${String(thrown)})`)
        if (thrown.retryable) return
        if (sent.isPoison && thrown.code !== 'InputError') fail(`poisonIsRefused (${thrown.code})`)
        // What it wants adapted has ended.
        sent.isSettled = sent.isPoison || thrown.code === 'NotFoundError'
      },
    )
  }

  #event(eventId: string): SemanticEvent {
    const { random, records } = this.#world
    // Some that are asked for in every seed: several events concern the same one.
    const executionId = this.#world.pick(Array.from(records.byId.keys()).slice(0, 3)) ?? 'x0'
    const common = { eventId, urgencyScore: random(), routingHints: ['writer'] }
    const change = random() < 0.5 ? { maxParallel: 1 } : { step: 'b', approval: 'go' }
    const roll = random()
    if (roll < 0.25) {
      const semanticContext = { voteId: `v${Math.floor(random() * 2)}`, question: eventId }
      return { ...common, eventType: 'agent_consensus_required', semanticContext }
    }
    if (roll < 0.4)
      return { ...common, eventType: 'semantic_routing_needed', semanticContext: { task: 'frogs' } }
    if (roll < 0.55) {
      const semanticContext = { executionId, change }
      return { ...common, eventType: 'workflow_adaptation_required', semanticContext }
    }
    const severe = { metric: 'latency', severity: 0.9 }
    const semanticContext = roll < 0.65 ? severe : { executionId, change: { maxParallel: 2 } }
    return { ...common, eventType: 'tda_anomaly_detected', tdaCorrelation: 'w', semanticContext }
  }
}

/** What an execution was begun for: a vote, or an event; null for what clients have asked for. */
function subjectOf({ model, row }: ExecutionRecord): string | null {
  const [first, second] = model.events
  if (first?.event.kind !== 'ExecutionStarted' || second?.event.kind === 'ExecutionForked')
    return null
  const { context, cause } = first.event.input
  if (row.workflow === 'vote' && isJsonObject(context))
    return `vote ${JSON.stringify(context['voteId'])}`
  return cause !== undefined && isJsonObject(cause)
    ? `event ${JSON.stringify(cause['eventId'])}`
    : null
}
