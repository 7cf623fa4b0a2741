export type { AuraCheckpointSaver, CheckpointSaverOptions } from './checkpoints/checkpoint-saver.ts'
export { checkpointSaver, openCheckpointSaver, type OpenedSaver } from './open-saver.ts'
export {
  type CallAgent,
  callAgent,
  type CallRequest,
  type CallSettings,
  type GraphCall,
} from './run/graph-calls.ts'
export {
  type CompiledGraph,
  runGraph,
  type RunGraphOptions,
  type StreamedMode,
} from './run/graph-run.ts'
export { memoryStore } from './store/open-store.ts'
export type { AuraStore, StoreOptions } from './store/aura-store.ts'
export { defineGraph, type GraphDefinition } from './step/define-graph.ts'
export type {
  AgentEdge,
  AgentGraphState,
  AgentNode,
  ErrorDecision,
  ErrorHandler,
  ErrorHandlers,
  NodeConfig,
  NodeFailure,
  RoutingLogic,
} from './graph/agent-graph.ts'
export {
  type CreateGraphOptions,
  type ExecuteGraphOptions,
  type GraphRunView,
  LangGraphOrchestrator,
  type LangGraphOrchestratorOptions,
  topologyFlag,
} from './graph/orchestrator.ts'
export { type Aggregate, weightedConsensus, type WorkerResult } from './workers/aggregate.ts'
export type { Assignment } from './workers/choose-workers.ts'
export type { DecompositionModel, DecompositionRule, Subtask } from './workers/decompose.ts'
export {
  LangGraphSemanticOrchestrator,
  type LangGraphSemanticOrchestratorOptions,
  type WorkerRouting,
} from './workers/semantic-orchestrator.ts'
export type { WorkerGraphState } from './workers/worker-graph.ts'
