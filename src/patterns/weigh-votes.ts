import type { JsonValue } from '../core/json.ts'
import { tally } from './tally.ts'
import type { ConsensusConfig, Vote } from './vote.ts'

/** A vote that was weighed elsewhere. */
export interface WeighedVote extends Pick<Vote, 'agent' | 'confidence' | 'reason' | 'abstained'> {
  readonly value: JsonValue
  /** 0 or more; 0 for an abstention. */
  readonly weight: number
}

/** What weighed votes come to. */
export interface WeighedDecision {
  /** Null where nobody has voted with any weight. */
  readonly value: JsonValue
  /** Share of all weight that went to the value, 0 to 1. */
  readonly agreement: number
  /** Which of the votes is the strongest for it; null without one. */
  readonly winner: number | null
}

/** Counts as the consensus strategy `weighted` does; of choices that are level the one voted for first wins. */
export function weighVotes(votes: readonly WeighedVote[]): WeighedDecision {
  const counted = votes.map((vote): Vote => {
    const ranking = vote.abstained ? [] : [vote.value]
    return { ...vote, ranking, isInvalid: false, vetoes: [], output: null }
  })
  const result = tally(weighted, counted)
  if (result.kind === 'undecided') return { value: null, agreement: 0, winner: null }
  const { value, agreement, winner } = result
  return { value, agreement, winner: counted.indexOf(winner) }
}

const weighted: ConsensusConfig = {
  agents: [],
  action: '',
  strategy: 'weighted',
  field: '',
  choices: null,
  weights: {},
  quorum: 1,
  confidenceMin: 0,
  invalid: 'abstain',
  veto: [],
  tieBreak: 'order',
}
