export { similarity, type Embedder, type Embedding } from './embedder.ts'
export { AiEmbedder, type AiEmbeddingModel } from './embedders/ai-embedder.ts'
export { CachedEmbedder } from './embedders/cached-embedder.ts'
export { NeuralEmbedder } from './embedders/neural-embedder.ts'
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
export { EventDrivenSemanticOrchestrator } from './orchestrator/event-driven-semantic-orchestrator.ts'
export type {
  SemanticOrchestratorOptions,
  SemanticOutcome,
} from './orchestrator/orchestrator-options.ts'
export { type AdaptAnswer, OrchestratorAgent } from './orchestrator/orchestrator-agent.ts'
export type {
  Advice,
  Advisor,
  ExecutionQuery,
  FindExecutions,
  OrchestratedAgent,
  OrchestratorEngine,
  TaskRouter,
} from './orchestrator/orchestrator-ports.ts'
export { orchestratedTypes } from './orchestrator/received-event.ts'
export type { AgentProfile, TaskContext, TaskExample } from './router/agent-profile.ts'
export type {
  AcceptedOutcome,
  RouteCandidate,
  RouteDecision,
  RouteTask,
} from './router/route-decision.ts'
export {
  type RouterOptions,
  SemanticRouter,
  type TrainRouterOptions,
} from './router/semantic-router.ts'
export type { RouteChange, RouteExplanation, WordEvidence } from './router/explanation.ts'
export type { RouteAnswer } from './router/route-answer.ts'
export { RouterService, type RouterServiceOptions } from './router/router-service.ts'
export type { Policy, PolicyExplanation, RuleOutcome } from './policy/policy.ts'
export { type CaseReport, runCases } from './policy/policy-cases.ts'
export { PolicyFile, type PolicyFileOptions, policyText } from './policy/policy-file.ts'
export type { PolicyData } from './policy/policy-schema.ts'
export {
  expectPolicy,
  type PolicyReading,
  readPolicy,
  type ReadPolicyOptions,
} from './policy/read-policy.ts'
export { DecisionTree, type TreeDecision, type TreeStep } from './decision-tree/decision-tree.ts'
export {
  learnDecisionTree,
  type LearnTreeOptions,
  type TreeOutcome,
} from './decision-tree/learn-tree.ts'
export {
  expectDecisionTree,
  readDecisionTree,
  type TreeReading,
} from './decision-tree/read-tree.ts'
export { decisionTreeAgent } from './decision-tree/tree-agent.ts'
export type { DecisionTreeData } from './decision-tree/tree-schema.ts'
export {
  AgentMeshController,
  type AgentMeshOptions,
  type AgentView,
} from './mesh-controller/agent-mesh-controller.ts'
export {
  type AgentLoad,
  type AgentSource,
  type MeshAgent,
  registrySource,
} from './mesh-controller/agent-source.ts'
export { watchAgents, type WatchedEngine } from './mesh-controller/watch-agents.ts'
export type { QuarantineSettings, Standing } from './mesh-controller/standing.ts'
export { RouterAgent } from './router-agent.ts'
