import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../../core/contracts/tda.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { Embedder } from '../embedder.ts'
import { HashedEmbedder } from '../embedders/hashed-embedder.ts'
import { combined, type Evidence, semanticComplexity } from './complexity.ts'
import {
  amplifiedUrgency,
  type Coordination,
  coordinationOf,
  surroundings,
  tdaPatternMatch,
} from './coordination.ts'
import { type DeclaredPattern, type PatternData, readPatterns } from './declared-pattern.ts'
import { FilterIndex, type Fit } from './filter-index.ts'
import { type PatternEvent, patternEventOf } from './pattern-event.ts'
import {
  type EventOutcome,
  type PatternMatch,
  PatternStream,
  type StreamCounts,
} from './pattern-stream.ts'
import { RecentMatches } from './recent-matches.ts'
import { readSemanticEvent, type SemanticEvent, semanticPatternEvent } from './semantic-event.ts'

export interface SemanticPatternMatcherOptions {
  /** Declared patterns, as data. Default none. */
  readonly patterns?: readonly PatternData[]
  /** What tells likeness to example texts. Default: `HashedEmbedder`. */
  readonly embedder?: Embedder
  /** How much later than newer events an event may arrive and still be put in its place. Default 5 s. */
  readonly allowedLatenessMs?: number
  /** Events that must be as new before time is taken to have come so far. Default 3. */
  readonly timeWitnesses?: number
  /** How far ahead of confirmed time an event may be before it is reported as `ahead`. Default 1 h. */
  readonly aheadMsMax?: number
  /** How long an analysis looks back on matches. Default 15 min. */
  readonly lookBackMs?: number
  /** The complexity over which hierarchical coordination is suggested. Default 0.8. */
  readonly hierarchicalAbove?: number
  /** The amplified urgency from which contradicting hints require consensus. Default 0.8. */
  readonly consensusUrgencyMin?: number
}

/** What an event amounts to. All scores are in 0..1. */
export interface SemanticAnalysis {
  /** Of the event by itself. */
  readonly semanticComplexity: number
  /** Together with what the TDA feed and the patterns see around it; never below `semanticComplexity`. */
  readonly complexityScore: number
  /** How sure it is that the TDA feed sees the same thing. */
  readonly tdaPatternMatch: number
  /** The event's urgency, raised by the anomaly in force. */
  readonly urgencyAmplification: number
  readonly suggestedCoordination: Coordination
  readonly requiresConsensus: boolean
  /** Patterns that the event fits by itself or that were found around it. */
  readonly matches: readonly PatternMatch[]
  /** What the event led to in the stream, as by `observe`: its matches need not concern the event. */
  readonly observation: Observation
  readonly explanation: {
    /** Each piece of evidence behind `complexityScore`. */
    readonly evidence: readonly Evidence[]
    /** Why consensus is required; empty when it is not. */
    readonly consensus: readonly string[]
  }
}

/** What one observed event led to. */
export interface Observation {
  readonly outcome: EventOutcome
  /** Matches that are certain now; each is given once. */
  readonly matches: readonly PatternMatch[]
}

/**
 * Finds declared patterns in events, and says how an event is to be coordinated. It knows no time but that
 * of the events: the same events give the same matches in any order of arrival, as long as none is late.
 *
 * @example
 * const matcher = new SemanticPatternMatcher({
 *   patterns: [{ name: 'refused', kind: 'repetition', event: { type: 'payment.refused' }, atLeast: 3, within: '1m', by: 'subject' }],
 * })
 * const { matches } = await matcher.observe(event)
 */
export class SemanticPatternMatcher {
  readonly patterns: readonly DeclaredPattern[]
  readonly #index: FilterIndex
  readonly #stream: PatternStream
  readonly #recent: RecentMatches
  readonly #hierarchicalAbove: number
  readonly #consensusUrgencyMin: number
  readonly #consensusPatterns: ReadonlySet<string>

  /** @throws InputError with every problem of the patterns, or for an option out of range */
  constructor(options: SemanticPatternMatcherOptions = {}) {
    const { allowedLatenessMs = 5_000, timeWitnesses = 3, aheadMsMax = 3_600_000 } = options
    const { lookBackMs = 900_000, hierarchicalAbove = 0.8, consensusUrgencyMin = 0.8 } = options
    inRange({ allowedLatenessMs, aheadMsMax, lookBackMs }, Number.MAX_SAFE_INTEGER)
    inRange({ hierarchicalAbove, consensusUrgencyMin }, 1)
    if (!Number.isInteger(timeWitnesses) || timeWitnesses < 1) inRange({ timeWitnesses: -1 }, 100)
    this.patterns = readPatterns(options.patterns ?? [])
    this.#index = new FilterIndex(this.patterns, options.embedder ?? new HashedEmbedder())
    this.#stream = new PatternStream(this.patterns, {
      allowedLatenessMs,
      timeWitnesses,
      aheadMsMax,
    })
    this.#recent = new RecentMatches(lookBackMs)
    this.#hierarchicalAbove = hierarchicalAbove
    this.#consensusUrgencyMin = consensusUrgencyMin
    this.#consensusPatterns = new Set(
      this.patterns.filter((pattern) => pattern.requiresConsensus).map(({ name }) => name),
    )
  }

  /** What became of the events so far, and what is remembered. */
  get counts(): StreamCounts {
    return this.#stream.counts
  }

  /** The time up to which the past is complete; an event before it is late. −Infinity at the beginning. */
  get watermarkMs(): number {
    return this.#stream.watermarkMs
  }

  /**
   * Takes an event for the patterns.
   *
   * @throws InputError or ResourceExhaustionError for what is no CloudEvent; what the embedder throws, and
   *   then the event is not taken
   */
  async observe(event: CloudEvent): Promise<Observation> {
    const seen = patternEventOf(readCloudEvent(event))
    return this.#take(seen, await this.#index.fitOf(seen))
  }

  /** Says that no event before this time is to come, when events alone do not say so for too long. */
  advanceTo(timeMs: number): readonly PatternMatch[] {
    return this.#remembered(this.#stream.advanceTo(timeMs))
  }

  /** The last matches, when no event is to come, for instance at the end of a log. */
  finish(): readonly PatternMatch[] {
    return this.#remembered(this.#stream.finish())
  }

  /**
   * Analyses one event together with what the TDA feed says, and takes it for the patterns over time.
   * Without a context, or one with `available: false`, it is judged by the event alone.
   *
   * @throws InputError for what is no semantic event (an unknown type, a score outside 0..1, a time beyond
   *   the year 9999); ResourceExhaustionError for a context over `payloadBytesMax`
   */
  async analyzeWithTda(
    event: SemanticEvent,
    tdaContext: TdaContext = unavailableTda,
  ): Promise<SemanticAnalysis> {
    const read = readSemanticEvent(event)
    const tda = tdaContext.available ? tdaContext : unavailableTda
    const seen = semanticPatternEvent(read)
    const fit = await this.#index.fitOf(seen)
    const observation = this.#take(seen, fit)
    const found = [...this.#fitting(seen, fit), ...this.#around(seen)]
    const own = semanticComplexity(read, fit.similarities.values())
    const complexity = combined([...own.evidence, ...surroundings(tda, found)])
    const urgencyAmplification = amplifiedUrgency(read.urgencyScore, tda.anomalySeverity)
    const conflicts = own.evidence.find(({ name }) => name === 'conflicts')?.found ?? []
    const consensus = this.#reasons(read, found, { conflicts, urgencyAmplification })
    const verdict = { requiresConsensus: consensus.length > 0, complexityScore: complexity.score }
    return {
      semanticComplexity: own.score,
      ...verdict,
      tdaPatternMatch: tdaPatternMatch(tda, read.tdaCorrelation, found),
      urgencyAmplification,
      suggestedCoordination: coordinationOf(verdict, this.#hierarchicalAbove),
      matches: found,
      observation,
      explanation: { evidence: complexity.evidence, consensus },
    }
  }

  #take({ id, source, atMs }: PatternEvent, { hits }: Fit): Observation {
    const identity = JSON.stringify([source, id])
    const event = atMs === null ? null : { eventId: id, identity, atMs, hits }
    const { outcome, matches } = this.#stream.take(event)
    return { outcome, matches: this.#remembered(matches) }
  }

  #remembered(matches: readonly PatternMatch[]): readonly PatternMatch[] {
    // What an event fits by itself concerns no other event.
    this.#recent.add(matches.filter(({ kind }) => kind !== 'basic'))
    return matches
  }

  /** The basic patterns that the event fits. */
  #fitting({ id, atMs }: PatternEvent, { hits }: Fit): readonly PatternMatch[] {
    const timeMs = atMs ?? this.#completeMs
    return hits.flatMap(({ pattern }) => {
      const { name, kind } = this.patterns[pattern]!
      if (kind !== 'basic') return []
      return [{ pattern: name, kind, key: null, t0Ms: timeMs, t1Ms: timeMs, eventIds: [id] }]
    })
  }

  /** The newest complete moment, which stands for the time of an event that has none; 0 at the beginning. */
  get #completeMs(): number {
    return Math.max(0, this.#stream.watermarkMs)
  }

  /** What was found around the event. */
  #around({ atMs, data }: PatternEvent): readonly PatternMatch[] {
    return this.#recent.concerning(data, atMs ?? this.#completeMs)
  }

  #reasons(
    { eventType }: SemanticEvent,
    matches: readonly PatternMatch[],
    urgent: { readonly conflicts: readonly string[]; readonly urgencyAmplification: number },
  ): readonly string[] {
    const patterns = new Set(matches.map(({ pattern }) => pattern))
    const asking = [...patterns].filter((name) => this.#consensusPatterns.has(name))
    const reasons = asking.map((name) => `pattern '${name}' requires it`)
    if (eventType === 'agent_consensus_required')
      reasons.unshift(`the event is of type ${eventType}`)
    if (urgent.urgencyAmplification >= this.#consensusUrgencyMin)
      reasons.push(...urgent.conflicts.map((pair) => `urgent hints contradict each other: ${pair}`))
    return reasons
  }
}

function inRange(options: Readonly<Record<string, number>>, max: number): void {
  for (const [option, value] of Object.entries(options)) {
    if (value >= 0 && value <= max) continue
    throw new OrchestrationError('InputError', `${option} is ${value}, not from 0 to ${max}`, {
      hint: 'leave the option out for its default',
      details: { option, max },
    })
  }
}
