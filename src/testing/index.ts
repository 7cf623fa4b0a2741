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
export { FakeTime, type LifeClock } from './fake-clock.ts'
export { deaf, final, held, passing, ScriptedAgents, type SeenCall } from './scripted-agents.ts'
export { workflowEngineSuite } from './workflow-engine-suite.ts'
