export { AgentRegistry, BaseAgent, defineAgent, suspend } from './agents/index.ts'
export type { ActionDefinition, AgentContext, AgentDefinition, Effect } from './agents/index.ts'
export type { CloudEvent } from './core/contracts/events.ts'
export type { FlagProvider } from './core/contracts/flags.ts'
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
  ExecuteOptions,
  ForkOptions,
  LogEntry,
  OpenEngineOptions,
  RollbackOptions,
  RunView,
  SharedState,
  ShowView,
  StateWriteOptions,
  WorkflowEngine,
  WorkflowState,
  WorkflowStateEntry,
} from './engine/index.ts'
export { AnomalyFeed } from './tda/index.ts'
export { defineWorkflow } from './workflow/index.ts'
export type { StepData, WorkflowData } from './workflow/index.ts'
