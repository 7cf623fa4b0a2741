export {
  type AgentFunction,
  type Script,
  script,
  type ShortAction,
  type ShortAgents,
  type TestAgents,
} from './agent-script.ts'
export { blobStoreSuite } from './blob-store-suite.ts'
export { budgetStoreSuite } from './budget-store-suite.ts'
export { catalogSuite } from './catalog-suite.ts'
export {
  type CoordinationOptions,
  type CoordinationPattern,
  coordinationPatterns,
  type CoordinationRow,
} from './coordination-benchmark.ts'
export { effectLedgerSuite } from './effect-ledger-suite.ts'
export { type EmbedderCase, embedderSuite } from './embedder-suite.ts'
export {
  call,
  type EngineCase,
  type EngineHarness,
  EngineStage,
  type HarnessOptions,
  type OpenHarness,
  probe,
  type RestartOptions,
} from './engine-stage.ts'
export { eventMeshSuite, type MeshCase } from './event-mesh-suite.ts'
export { tdaClientSuite, type TdaCase, type TdaHarness } from './tda-client-suite.ts'
export { FakeTime, type LifeClock } from './fake-clock.ts'
export { leaseStoreSuite } from './lease-store-suite.ts'
export { placementStoreSuite } from './placement-store-suite.ts'
export { recordStoreSuite } from './record-store-suite.ts'
export type { LatencySummary } from './latency-summary.ts'
export type { TestCall } from './live-agents.ts'
export type { LoadOptions, LoadReport } from './load.ts'
export type { MeshHarness, OpenMesh } from './mesh-stage.ts'
export { OrchestrationTestSuite } from './orchestration-test-suite.ts'
export type { FaultReport, ResilienceOptions, ResilienceReport } from './resilience.ts'
export { deaf, final, held, passing, ScriptedAgents, type SeenCall } from './scripted-agents.ts'
export {
  type AskedModel,
  type ModelFaultName,
  modelFaultNames,
  type ModelMove,
  type ScriptedModel,
  scriptedModel,
} from './scripted-model.ts'
export { type ScriptedTda, scriptedTda, type TdaMoment } from './scripted-tda.ts'
export type { FiredFault } from './simulation/fault-injector.ts'
export { type FaultName, faultNames } from './simulation/fault-plan.ts'
export {
  simulate,
  type SimulateOptions,
  type SimulationFailure,
  type SimulationReport,
  type SimulationSubject,
} from './simulation/simulate.ts'
export type { Properties, SimulatedOutcome } from './simulation/simulated-run.ts'
export { testWorkflow, type TestWorkflowOptions, type WorkflowTest } from './test-workflow.ts'
export { stateStoreSuite } from './state-store-suite.ts'
export type { StoreCase, StoreHarness } from './store-case.ts'
export type { TestedDocument } from './tested-document.ts'
export { workflowEngineSuite } from './workflow-engine-suite.ts'
