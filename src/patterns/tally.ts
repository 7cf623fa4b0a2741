import { canonicalJson, type JsonValue } from '../core/json.ts'
import type { ConsensusConfig, Vote } from './vote.ts'

/** What the votes come to. */
export type Tally =
  | {
      readonly kind: 'decided'
      readonly value: JsonValue
      /** Share of all points that went to the value, 0 to 1. */
      readonly agreement: number
      /** The strongest vote for it. */
      readonly winner: Vote
    }
  | { readonly kind: 'undecided'; readonly why: string }

/** A choice that somebody voted for. */
interface Candidate {
  readonly value: JsonValue
  points: number
  votes: number
}

/** Counts votes. The order of the votes decides nothing but which of two equal winners is shown. */
export function tally(config: ConsensusConfig, votes: readonly Vote[]): Tally {
  const cast = votes.filter(({ abstained }) => !abstained)
  if (cast.length === 0) return undecided(`all ${votes.length} voters abstained`)
  const isCounted = config.strategy !== 'quorum'
  if (isCounted && cast.length < config.quorum)
    return undecided(`${cast.length} votes were cast, quorum is ${config.quorum}`)
  if (votes.some(({ vetoes }) => vetoes === 'all'))
    return undecided('a veto rules out every choice')
  const candidates = candidatesOf(config, cast)
  const total = candidates.reduce((sum, { points }) => sum + points, 0)
  if (total === 0) return undecided('no vote has any weight')
  const vetoed = new Set(
    votes.flatMap(({ vetoes }) => (vetoes === 'all' ? [] : vetoes.map(canonicalJson))),
  )
  const left = candidates.filter(({ value }) => !vetoed.has(canonicalJson(value)))
  if (left.length === 0) return undecided('every choice that got a vote is vetoed')
  const able = left.filter((candidate) => isEnough(config, candidate, cast.length))
  if (able.length === 0) return undecided(shortfall(config, left, cast.length))
  const most = Math.max(...able.map(({ points }) => points))
  const level = able.filter(({ points }) => isLevel(points, most))
  const chosen = level.length === 1 ? level[0] : breakTie(config, level, votes)
  if (chosen === undefined) {
    const keys = level.map(({ value }) => canonicalJson(value).slice(0, 50)).toSorted()
    return undecided(
      `${keys.join(' and ')} are level, and options.tieBreak does not decide between them`,
    )
  }
  return {
    kind: 'decided',
    value: chosen.value,
    agreement: chosen.points / total,
    winner: strongest(chosen, cast),
  }
}

function candidatesOf({ strategy, choices }: ConsensusConfig, cast: readonly Vote[]): Candidate[] {
  const found = new Map<string, Candidate>()
  const add = (value: JsonValue, points: number, votes: number): void => {
    const key = canonicalJson(value)
    const candidate = found.get(key) ?? { value, points: 0, votes: 0 }
    candidate.points += points
    candidate.votes += votes
    found.set(key, candidate)
  }
  // Borda count (J.-C. de Borda, 1781): of n choices the first gets n points, the next n - 1; those left out none.
  const ranked = new Set(cast.flatMap(({ ranking }) => ranking.map(canonicalJson))).size
  const count = strategy === 'borda' ? (choices?.length ?? ranked) : 1
  for (const { ranking, weight } of cast)
    for (const [place, value] of ranking.entries())
      add(value, weight * (count - place), place === 0 ? 1 : 0)
  return Array.from(found.values())
}

/** Whether the candidate may win by the strategy's own threshold; `weighted` and `borda` have none. */
function isEnough(
  { strategy, quorum }: ConsensusConfig,
  { votes }: Candidate,
  cast: number,
): boolean {
  if (strategy === 'unanimous') return votes === cast
  if (strategy === 'majority') return votes * 2 > cast
  return strategy !== 'quorum' || votes >= quorum
}

function shortfall(
  { strategy, quorum }: ConsensusConfig,
  left: readonly Candidate[],
  cast: number,
): string {
  const most = Math.max(...left.map(({ votes }) => votes))
  const needed =
    strategy === 'unanimous'
      ? `all ${cast}`
      : strategy === 'majority'
        ? `more than half of ${cast}`
        : `${quorum}`
  return `the most votes for one choice are ${most}, ${strategy} needs ${needed}`
}

/** Sums of the same weights in another order differ in their last bits. */
function isLevel(points: number, most: number): boolean {
  return most - points <= 1e-9 * Math.max(1, most)
}

function breakTie(
  { tieBreak, choices }: ConsensusConfig,
  level: readonly Candidate[],
  votes: readonly Vote[],
): Candidate | undefined {
  if (tieBreak === 'fail') return undefined
  const preferences =
    tieBreak === 'order'
      ? (choices ?? votes.flatMap(({ ranking }) => ranking))
      : (votes.find(({ agent }) => agent === tieBreak.agent)?.ranking ?? [])
  const keys = preferences.map(canonicalJson)
  const placed = level
    .map((candidate) => ({ candidate, place: keys.indexOf(canonicalJson(candidate.value)) }))
    .filter(({ place }) => place >= 0)
  return placed.toSorted((a, b) => a.place - b.place)[0]?.candidate
}

/** Of those who rank the value highest: the most weight, then the most confidence, then the first. */
function strongest({ value }: Candidate, cast: readonly Vote[]): Vote {
  const key = canonicalJson(value)
  const placeIn = ({ ranking }: Vote): number => {
    const place = ranking.map(canonicalJson).indexOf(key)
    return place < 0 ? Infinity : place
  }
  return cast.toSorted(
    (a, b) => placeIn(a) - placeIn(b) || b.weight - a.weight || b.confidence - a.confidence,
  )[0] as Vote
}

function undecided(why: string): Tally {
  return { kind: 'undecided', why }
}
