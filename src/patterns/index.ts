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
