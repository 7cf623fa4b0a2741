export { sourceOf } from './call-mesh.ts'
export type { AgentDefinition, AgentExample } from './agent-definition.ts'
export { BaseAgent, isAgent, type AgentHealth, type AgentState } from './base-agent.ts'
export type { ActionPlan } from './action-plan.ts'
export type { AgentCall, RunningCall, Settle } from './call.ts'
export type { AgentCondition, AgentWatch } from './agent-watch.ts'
export { agentPool } from './agent-pool.ts'
export {
  type BreakerSettings,
  type BreakerState,
  type BreakerView,
  CircuitBreaker,
  type Verdict,
} from './circuit-breaker.ts'
export {
  agentConfiguration,
  readBudgetLimit,
  type AgentConfiguration,
  type AgentSettings,
} from './configuration.ts'
export type {
  ActionContract,
  ActionDefinition,
  UsagePlaces,
  AgentContext,
  CallOutcome,
  Effect,
  LookupOutcome,
  Schema,
} from './contract.ts'
export {
  defineAgent,
  type InputOf,
  type TypedAction,
  type TypedDefinition,
} from './define-agent.ts'
export {
  defaultHost,
  type AgentHost,
  type CallSpan,
  type CallTracer,
  type ProgressListener,
} from './host.ts'
export { Memories, type MemoriesParts, type RecallOptions } from './memory/memories.ts'
export { type MemoryConfig, memoryConfig, type MemorySettings } from './memory/memory-config.ts'
export { normaliseJson, type PayloadRules } from './json-value.ts'
export { loadAgentModules, type LoadOptions } from './module-loader.ts'
export { AgentPool, type Grant } from './pool.ts'
export type { Turn } from './fair-queue.ts'
export { AgentRegistry, type AgentListing } from './registry.ts'
export { verdictOf } from './verdict.ts'
export { compileSchema, type Checked, type SchemaCheck } from './schema.ts'
export { describeThrown, failure } from './failure.ts'
export type { AgentTransport, Happened, TransportCall } from './transport.ts'
export { isSuspension, suspend, type SuspendOptions, type Suspension } from './suspend.ts'
export { MeshAgentHost, type MeshAgentHostOptions } from './mesh/agent-host.ts'
export { isAgentTraffic } from './mesh/messages.ts'
export type { Completion, CompletionRequest, SamplingSettings } from './llm/conversation.ts'
export {
  defineLlmAgent,
  type LlmAction,
  type LlmAgentDefinition,
  type TextDelta,
} from './llm/llm-agent.ts'
export { type CompatibleServer, defineModel, type ModelDefinition } from './llm/model-agent.ts'
export type { Prices } from './llm/ask-model.ts'
export type { ToolDefinition } from './llm/tools.ts'
