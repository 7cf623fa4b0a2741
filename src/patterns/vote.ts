import type { PatternCall } from '../core/contracts/pattern.ts'
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { own } from '../core/own.ts'

/** How votes are counted. */
export type ConsensusStrategy = 'unanimous' | 'majority' | 'weighted' | 'borda' | 'quorum'

export interface ConsensusConfig {
  readonly agents: readonly string[]
  readonly action: string
  readonly strategy: ConsensusStrategy
  /** The field of an agent's output that is its vote. */
  readonly field: string
  /** What may be voted for; null for anything. */
  readonly choices: readonly JsonValue[] | null
  readonly weights: { readonly [agent: string]: number }
  /** `quorum`: votes that a choice needs. Else: votes that must be cast at all. */
  readonly quorum: number
  /** Votes under it count as abstentions; 0 to 1. */
  readonly confidenceMin: number
  /** What a vote is that cannot be counted. */
  readonly invalid: 'abstain' | 'fail'
  /** Agents that may rule choices out. */
  readonly veto: readonly string[]
  /** What decides between choices that are level: nobody, the order of `choices` (else of the agents), an agent. */
  readonly tieBreak: 'fail' | 'order' | { readonly agent: string }
}

/** One agent's vote as it was counted. */
export interface Vote {
  readonly agent: string
  /** Null for an abstention. */
  readonly value: JsonValue
  /** Best first; for every strategy but `borda` the value alone. */
  readonly ranking: readonly JsonValue[]
  readonly confidence: number
  /** 0 for an abstention. */
  readonly weight: number
  readonly reason: string | null
  readonly abstained: boolean
  /** It answered what cannot be counted. */
  readonly isInvalid: boolean
  /** What it rules out; `all` for every choice. */
  readonly vetoes: 'all' | readonly JsonValue[]
  readonly output: JsonValue
}

/** Reads what became of a call as a vote. A call that failed, or is open when it is too late, abstains. */
export function readVote(config: ConsensusConfig, call: PatternCall): Vote {
  const { status, output, error } = call
  if (status === 'failed') return abstention(call, `failed: ${error?.code}: ${error?.message}`)
  if (status === 'open') return abstention(call, 'no vote before the deadline')
  const { field } = config
  if (!isJsonObject(output)) return invalid(call, `answered no object with '${field}'`)
  const reason = typeof output['reason'] === 'string' ? output['reason'] : null
  const vetoes = vetoesOf(config, call.agent, output)
  if (output['abstain'] === true || isAbsent(config, output))
    return { ...abstention(call, reason), vetoes }
  const ranking = rankingOf(config, output)
  const confidence = output['confidence'] ?? 1
  const fault = faultOf(config, ranking, confidence)
  if (fault !== null) return { ...invalid(call, fault), vetoes }
  const sure = confidence as number
  if (sure < config.confidenceMin) {
    const low = `confidence ${sure} is under ${config.confidenceMin}`
    return { ...abstention(call, low), confidence: sure, vetoes }
  }
  return {
    agent: call.agent,
    value: ranking[0] as JsonValue,
    ranking,
    confidence: sure,
    weight: weightOf(config, call.agent, sure),
    reason,
    abstained: false,
    isInvalid: false,
    vetoes,
    output,
  }
}

/** A vote as results show it. */
export function shownVote({
  agent,
  value,
  confidence,
  weight,
  reason,
  abstained,
}: Vote): JsonObject {
  return { agent, value, confidence, weight, reason, abstained }
}

function isAbsent({ field, strategy }: ConsensusConfig, output: JsonObject): boolean {
  const isRanked = strategy === 'borda' && Array.isArray(output['ranking'])
  return !isRanked && (output[field] ?? null) === null
}

function rankingOf({ field, strategy }: ConsensusConfig, output: JsonObject): readonly JsonValue[] {
  const value = output[field] ?? null
  if (strategy !== 'borda') return [value]
  const ranking = output['ranking'] ?? value
  return Array.isArray(ranking) ? (ranking as readonly JsonValue[]) : [ranking]
}

function faultOf(
  { choices }: ConsensusConfig,
  ranking: readonly JsonValue[],
  confidence: JsonValue,
): string | null {
  if (ranking.length === 0) return 'ranks nothing'
  if (new Set(ranking.map(canonicalJson)).size < ranking.length) return 'ranks a choice twice'
  const known = choices === null ? null : new Set(choices.map(canonicalJson))
  const odd = ranking.find((value) => known !== null && !known.has(canonicalJson(value)))
  if (odd !== undefined) return `votes for ${canonicalJson(odd).slice(0, 200)}, which is no choice`
  const isShare = typeof confidence === 'number' && confidence >= 0 && confidence <= 1
  return isShare ? null : `has confidence ${canonicalJson(confidence).slice(0, 50)}, not 0 to 1`
}

function weightOf({ strategy, weights }: ConsensusConfig, agent: string, sure: number): number {
  if (strategy === 'weighted') return own(weights, agent) ?? sure
  return strategy === 'borda' ? (own(weights, agent) ?? 1) : 1
}

function vetoesOf(config: ConsensusConfig, agent: string, output: JsonObject): Vote['vetoes'] {
  const veto = output['veto'] ?? null
  if (veto === null || veto === false || !config.veto.includes(agent)) return []
  if (veto === true) return 'all'
  return Array.isArray(veto) ? (veto as readonly JsonValue[]) : [veto]
}

function abstention({ agent, output }: PatternCall, reason: string | null): Vote {
  return {
    agent,
    value: null,
    ranking: [],
    confidence: 0,
    weight: 0,
    reason,
    abstained: true,
    isInvalid: false,
    vetoes: [],
    output,
  }
}

function invalid(call: PatternCall, fault: string): Vote {
  return { ...abstention(call, `not counted: ${fault}`), isInvalid: true }
}
