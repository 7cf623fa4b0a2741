export { similarity, type Embedder, type Embedding } from './embedder.ts'
export { HashedEmbedder } from './embedders/hashed-embedder.ts'
export { eventTypes, type EventType, type SemanticEvent } from './matcher/semantic-event.ts'
export {
  readPatterns,
  type DeclaredPattern,
  type EventFilter,
  type PatternData,
  type PatternProblem,
} from './matcher/declared-pattern.ts'
export {
  SemanticPatternMatcher,
  type Observation,
  type SemanticAnalysis,
  type SemanticPatternMatcherOptions,
} from './matcher/semantic-pattern-matcher.ts'
export type { EventOutcome, PatternMatch, StreamCounts } from './matcher/pattern-stream.ts'
export { coordinationOf, type Coordination } from './matcher/coordination.ts'
export type { Evidence } from './matcher/complexity.ts'
export {
  readEventLabels,
  readEventLog,
  type EventLabels,
  type EventWindow,
} from './matcher/event-log.ts'
export {
  evaluateMatches,
  type Evaluation,
  type EvaluationOptions,
  type PatternScore,
} from './matcher/evaluation.ts'
export {
  correlateMatches,
  type CorrelationOptions,
  type WindowCorrelation,
} from './matcher/correlation.ts'
export { learnPatterns, type Learned, type LearnOptions } from './matcher/learned-patterns.ts'
