import { hash } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { CloudEvent, EventSource } from '../../core/contracts/events.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { isOrchestrationError } from '../../core/errors.ts'
import { EventDrivenPattern, type ReactionSubscription } from '../../patterns/index.ts'
import { coordinationOf } from '../matcher/coordination.ts'
import { readSemanticEvent, type SemanticEvent } from '../matcher/semantic-event.ts'
import {
  type SemanticAnalysis,
  SemanticPatternMatcher,
} from '../matcher/semantic-pattern-matcher.ts'
import { concernedBy } from './concerned-executions.ts'
import type { SemanticOrchestratorOptions, SemanticOutcome } from './orchestrator-options.ts'
import type { ReceivedEvent } from './orchestrator-ports.ts'
import { planEvent } from './plan-event.ts'
import { type AdvisedEvent, bothOf, policyAdvice } from './policy-advice.ts'
import { orchestratedTypes, receivedEvent, semanticEventFrom } from './received-event.ts'

/**
 * Decides what is done about semantic events and has it done durably. Each event becomes one execution whose id
 * follows from the event, so that a repeat, a crash between any two steps or a second process adds nothing: what
 * was not begun is begun by the next delivery, and what was begun goes on as an execution does, with retries,
 * fallbacks and dead letters. Consensus where it is required, else hierarchical above a complexity, else a pipeline.
 */
export class EventDrivenSemanticOrchestrator {
  readonly #options: SemanticOrchestratorOptions
  readonly #matcher: SemanticPatternMatcher
  readonly #clock: Clock
  readonly #beginning = new Map<string, Promise<SemanticOutcome>>()

  constructor(options: SemanticOrchestratorOptions) {
    this.#options = options
    this.#matcher = options.matcher ?? new SemanticPatternMatcher()
    this.#clock = options.clock ?? systemClock
    options.agent.attach(options.engine)
  }

  /**
   * Resolves when what the event asks for is durably begun; its execution tells the rest.
   *
   * @param source who sent the event: the same `eventId` from another source is another event
   * @throws InputError for what is no semantic event; AgentUnavailableError when too few agents can be chosen;
   *   NotFoundError for an adaptation of what does not run; ResourceExhaustionError (retryable) over admission:
   *   deliver it again
   */
  async processSemanticEvent(given: SemanticEvent, source = 'semantic'): Promise<SemanticOutcome> {
    return this.#process(semanticEventFrom(readSemanticEvent(given), source))
  }

  /** As `processSemanticEvent`, for an event in the words of CloudEvents. @throws InputError for another type */
  async accept(event: CloudEvent): Promise<SemanticOutcome> {
    return this.#process(receivedEvent(event))
  }

  /**
   * Hears events of the four types, and anomalies of the TDA feed, until it is stopped. An event that cannot be
   * begun goes back to the source; one that never can be is its dead letter at once.
   */
  attach(source: EventSource): Promise<ReactionSubscription> {
    const { maxConcurrent = 16, debounceMs = 0, logger } = this.#options
    const handle = async (event: CloudEvent): Promise<void> => {
      const { executionId, kind } = await this.accept(event)
      logger?.log('info', `semantic event ${kind}`, { eventId: event.id, executionId })
    }
    const reaction = {
      maxConcurrent,
      debounceMs,
      handle,
      ...(debounceMs > 0 ? { key: burstOf } : {}),
    }
    const handlers = orchestratedTypes.map((type) => [type, reaction] as const)
    const pattern = new EventDrivenPattern(source, { clock: this.#clock })
    return pattern.reactiveCoordination(Object.fromEntries(handlers))
  }

  #process(received: ReceivedEvent): Promise<SemanticOutcome> {
    const executionId = executionIdOf(received.event, received.origin.source)
    const known = this.#beginning.get(executionId)
    if (known !== undefined) return known
    const begun = this.#begin(executionId, received).finally(() =>
      this.#beginning.delete(executionId),
    )
    this.#beginning.set(executionId, begun)
    return begun
  }

  async #begin(executionId: string, { event, origin }: ReceivedEvent): Promise<SemanticOutcome> {
    const { engine, tda: feed, router = null, findExecutions, ...others } = this.#options
    if (await isThere(engine, executionId)) return repeat(executionId)
    const tda = feed?.current() ?? unavailableTda
    const analysis = await this.#matcher.analyzeWithTda(event, tda)
    const strategy = coordinationOf(analysis, others.hierarchicalAbove ?? 0.8)
    const executions = concernedBy(event, findExecutions ?? (() => []))
    const { voteField = 'severity' } = others
    const action = actionOf(event, others.action)
    const agents = others.agents().filter((agent) => agent.actions.includes(action))
    const known = { executionId, event, origin, tda, strategy, action, agents, analysis }
    const advised = this.#advised(known)
    const facts = { ...known, ...advised, executions, router, voteField }
    const { document, input: plain, ...planned } = await planEvent(facts)
    const adaptationId = adaptationIdOf(event, executionId)
    const input = planned.adapts.length === 0 ? plain : { ...plain, adaptationId }
    try {
      await engine.startWorkflow(document.name, document, { executionId, input, event: origin })
    } catch (thrown) {
      // Somebody was quicker, and what they made of the event holds.
      if (!isOrchestrationError(thrown) || thrown.code !== 'UsageError') throw thrown
      return repeat(executionId)
    }
    return { executionId, ...planned, policy: advised.decision }
  }

  /** What advisor and policy say, before anything is done. */
  #advised(
    known: Omit<AdvisedEvent, 'nowMs'> & { readonly analysis: SemanticAnalysis },
  ): ReturnType<typeof policyAdvice> {
    const { advisor, engine } = this.#options
    const { event, analysis, tda, strategy } = known
    const load = this.#beginning.size
    const advice = advisor?.advise({ event, analysis, tda, strategy, load }) ?? {}
    if (engine.policies == null) return { advice, decision: null }
    const byPolicy = policyAdvice(engine.policies, { ...known, nowMs: this.#clock.nowMs() })
    return { ...byPolicy, advice: bothOf(advice, byPolicy.advice) }
  }
}

/** An event's own; of a vote with an id that of the vote, whoever asks for it. */
function executionIdOf(
  { eventType, eventId, semanticContext }: SemanticEvent,
  source: string,
): string {
  const voteId = semanticContext['voteId']
  if (eventType === 'agent_consensus_required' && typeof voteId === 'string')
    return `vote-${nameOf([voteId])}`
  return `semantic-${nameOf([source, eventId])}`
}

/** What is called of agents: what the event names, else the configured action. */
function actionOf({ semanticContext: { action } }: SemanticEvent, configured = 'decide'): string {
  return typeof action === 'string' && action !== '' ? action : configured
}

/** An anomaly adapts an execution once, however often it is reported. */
function adaptationIdOf({ eventType, tdaCorrelation }: SemanticEvent, executionId: string): string {
  const isAnomaly = eventType === 'tda_anomaly_detected'
  return isAnomaly && tdaCorrelation != null ? `tda-${nameOf([tdaCorrelation])}` : executionId
}

/** 22 characters that fit an execution id. */
function nameOf(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)
}

/** What a burst is about: the same sender, subject and correlation. */
function burstOf({ source, subject, correlationid }: CloudEvent): string {
  return JSON.stringify([source, subject, correlationid ?? null])
}

async function isThere(
  engine: SemanticOrchestratorOptions['engine'],
  executionId: string,
): Promise<boolean> {
  try {
    await engine.getExecution(executionId)
    return true
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return false
    throw thrown
  }
}

function repeat(executionId: string): SemanticOutcome {
  return { executionId, kind: 'repeat', coordination: null, agents: [], adapts: [], policy: null }
}
