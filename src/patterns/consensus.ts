import type { PatternDecision, PatternFacts } from '../core/contracts/pattern.ts'
import { ask, complete, fail, wait } from './decision.ts'
import { tally } from './tally.ts'
import { type ConsensusConfig, readVote, shownVote, type Vote } from './vote.ts'

/**
 * Every agent votes once. Gives `{ [field]: the winning value, agreement, winner: that agent's whole output,
 * votes: [{ agent, value, confidence, weight, reason, abstained }] }`, or fails with `NoConsensusError` and
 * every vote in its details. Decides when all have voted, at the deadline, or for `quorum` as soon as enough
 * agree and nobody who may veto is still to vote.
 */
export function decideConsensus(config: ConsensusConfig, facts: PatternFacts): PatternDecision {
  const { agents, action } = config
  const { calls, input } = facts
  if (calls.length === 0)
    return ask(...agents.map((agent) => ({ agent, action, input, note: null })))
  const isOpen = (agent: string): boolean =>
    calls.some((call) => call.agent === agent && call.status === 'open')
  const votes = calls.map((call) => readVote(config, call))
  const odd = votes.find(({ isInvalid }) => isInvalid)
  if (odd !== undefined && config.invalid === 'fail') return failInvalid(odd, votes)
  if (calls.some(({ status }) => status === 'open') && !facts.isOverdue) {
    if (config.strategy !== 'quorum' || config.veto.some(isOpen)) return wait
    const early = tally(config, votes)
    return early.kind === 'decided' ? decided(config, early, votes) : wait
  }
  const counted = tally(config, votes)
  if (counted.kind === 'decided') return decided(config, counted, votes)
  return fail('NoConsensusError', `no decision on '${config.field}': ${counted.why}`, {
    hint: 'look at the votes; give the step a fallback, a tieBreak or another strategy',
    details: { votes: votes.map(shownVote) },
  })
}

function decided(
  { field }: ConsensusConfig,
  { value, agreement, winner }: Extract<ReturnType<typeof tally>, { kind: 'decided' }>,
  votes: readonly Vote[],
): PatternDecision {
  return complete({
    [field]: value,
    agreement,
    winner: winner.output,
    votes: votes.map(shownVote),
  })
}

function failInvalid({ agent, reason }: Vote, votes: readonly Vote[]): PatternDecision {
  return fail('AgentOutputError', `the vote of '${agent}' cannot be counted: ${reason}`, {
    hint: 'correct the agent, or say options.invalid: abstain',
    details: { agent, votes: votes.map(shownVote) },
  })
}
