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
