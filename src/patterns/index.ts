export {
  ConsensusCoordinator,
  voteDocument,
  type VoteDecision,
  type VoteEngine,
  type VoteQuestion,
} from './consensus-coordinator.ts'
export {
  type EventHandlers,
  EventDrivenPattern,
  type ReactionSubscription,
} from './event-driven-pattern.ts'
export type { Reaction } from './reactor.ts'
export { type Degraded, type Way, withFallbacks } from './with-fallbacks.ts'
export { patternRunner } from './compile.ts'
export {
  type ConsensusOptions,
  ConsensusPattern,
  type ConsensusResult,
} from './consensus-pattern.ts'
export type { AgentRequest, CallAgent, PatternHost } from './drive.ts'
export type { FanOutStrategy } from './fan-out.ts'
export { type FanOutOptions, FanOutPattern, type FanOutResult } from './fan-out-pattern.ts'
export {
  type HierarchicalOptions,
  HierarchicalPattern,
  type HierarchicalResult,
} from './hierarchical-pattern.ts'
export type { StageAt } from './pipeline.ts'
export { type PipelineOptions, PipelinePattern, type PipelineResult } from './pipeline-pattern.ts'
export type { ConsensusStrategy } from './vote.ts'
export { type WeighedDecision, type WeighedVote, weighVotes } from './weigh-votes.ts'
