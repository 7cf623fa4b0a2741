export { AgentRegistry, BaseAgent, defineAgent, suspend } from './agents/index.ts'
export type { ActionDefinition, AgentContext, AgentDefinition, Effect } from './agents/index.ts'
export type { BudgetLimit, CallBudget } from './core/contracts/budget.ts'
export type { CloudEvent } from './core/contracts/events.ts'
export type { FlagProvider } from './core/contracts/flags.ts'
export type { MeshAccess, OutgoingEvent } from './core/contracts/mesh.ts'
export type {
  PolicyDecision,
  PolicyLoad,
  PolicyQuestion,
  PolicySource,
  PolicyValues,
} from './core/contracts/policy.ts'
export type { StateAccess, StateWrite } from './core/contracts/state.ts'
export type { TdaContext, TdaContextSource } from './core/contracts/tda.ts'
export { OrchestrationError } from './core/errors.ts'
export {
  combineFlags,
  EnvironmentFlags,
  FileFlags,
  openEngine,
  sharedState,
  shareState,
} from './engine/index.ts'
export type {
  CheckpointView,
  DeadLetterView,
  ClosableMesh,
  ExecuteOptions,
  ForkOptions,
  InvokeOptions,
  LogEntry,
  MeshHost,
  OpenEngineOptions,
  RollbackOptions,
  RunView,
  SharedState,
  ShowView,
  AdaptationRequest,
  AdaptationView,
  StateWriteOptions,
  WorkflowEngine,
  WorkflowState,
  WorkflowStateEntry,
} from './engine/index.ts'
export {
  ConsensusCoordinator,
  ConsensusPattern,
  EventDrivenPattern,
  FanOutPattern,
  HierarchicalPattern,
  PipelinePattern,
  withFallbacks,
} from './patterns/index.ts'
export type {
  AgentRequest,
  ConsensusOptions,
  ConsensusResult,
  Degraded,
  EventHandlers,
  FanOutOptions,
  FanOutResult,
  HierarchicalOptions,
  HierarchicalResult,
  PatternHost,
  PipelineOptions,
  PipelineResult,
  Reaction,
  ReactionSubscription,
  VoteDecision,
  VoteEngine,
  VoteQuestion,
  Way,
} from './patterns/index.ts'
export {
  AiEmbedder,
  coordinationOf,
  correlateMatches,
  evaluateMatches,
  expectPolicy,
  HashedEmbedder,
  learnPatterns,
  NeuralEmbedder,
  PolicyFile,
  readEventLabels,
  readEventLog,
  readPatterns,
  readPolicy,
  EventDrivenSemanticOrchestrator,
  OrchestratorAgent,
  SemanticPatternMatcher,
  SemanticRouter,
  similarity,
} from './semantic/index.ts'
export type {
  AcceptedOutcome,
  Advice,
  Advisor,
  SemanticOrchestratorOptions,
  SemanticOutcome,
  AgentProfile,
  AiEmbeddingModel,
  Coordination,
  DeclaredPattern,
  Embedder,
  Embedding,
  EventType,
  LearnOptions,
  Observation,
  PatternData,
  PatternMatch,
  Policy,
  PolicyData,
  PolicyFileOptions,
  PolicyReading,
  RouteCandidate,
  RouteDecision,
  RouterOptions,
  RouteTask,
  SemanticAnalysis,
  SemanticEvent,
  SemanticPatternMatcherOptions,
  TaskContext,
  TaskExample,
  TrainRouterOptions,
} from './semantic/index.ts'
export { inProcessMesh } from './mesh/index.ts'
export type {
  Delivery,
  EventHandler,
  EventMesh,
  MeshDeadLetter,
  MeshSubscription,
  QueueDeadLetter,
  QueueOptions,
  RequestOptions,
  WorkDelivery,
  WorkHandler,
  WorkQueue,
} from './mesh/index.ts'
export { AnomalyFeed } from './tda/index.ts'
export { defineWorkflow } from './workflow/index.ts'
export type { StepData, WorkflowData } from './workflow/index.ts'
