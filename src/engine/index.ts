export { type AdaptationRequest, adaptationRequest, checkedRequest } from './adaptation-request.ts'
export type { AgentDirectory, EngineAgent } from './engine-agent.ts'
export { type BudgetLimits, budgetLimitsOf, limitOfTenant } from './budgets/budget-limits.ts'
export { spanStart } from './budgets/budget-span.ts'
export { publishedBy } from './outbox-rows.ts'
export { checkFlags, checkSameStart } from './acceptance.ts'
export { checkedInput, type Definition, Definitions, startHashOf } from './definitions.ts'
export { payload } from './payload.ts'
export { directCallDocument, type InvokeOptions } from './direct-call.ts'
export {
  changedInside,
  innerAnswer,
  innerExecution,
  onCancelled,
  unlessUncertain,
} from './inner-call.ts'
export { Pins } from './pins.ts'
export { EmbeddedEngine } from './embedded-engine.ts'
export type { EmbeddedEngineParts } from './engine-parts.ts'
export type { AdmissionLimits } from './acceptance.ts'
export { adaptationFlags } from './flags/adaptation-flag.ts'
export { EnvironmentFlags } from './flags/environment-flags.ts'
export { FileFlags } from './flags/file-flags.ts'
export { combineFlags } from './flags/flag-rules.ts'
export type { ExecutionFilter, ExecutionRow, Journal } from './journal/journal.ts'
export { MemoryJournal } from './journal/memory.ts'
export { SqliteJournal } from './journal/sqlite.ts'
export type { LedgerEntry } from './ledger.ts'
export { openLook } from './look.ts'
export type { Look } from './look.ts'
export { openEngine, openEngineParts } from './open-engine.ts'
export type {
  ClosableMesh,
  ClosableMirror,
  MeshHost,
  OpenedEngine,
  OpenEngineOptions,
} from './open-engine.ts'
export type { RetentionOptions } from './retention.ts'
export { type DiskUse, diskUse } from './salvage/disk-use.ts'
export { type LostPart, type LostRow, recover, type Recovery } from './salvage/recover.ts'
export type { RegisteredDocument, TriggerHost, TriggerView } from './triggers/trigger-host.ts'
export { type ScheduleTrigger, TriggerSet } from './triggers/trigger-set.ts'
export { Triggers } from './triggers/triggers.ts'
export { type SharedState, sharedState, shareState } from './shared-state.ts'
export type * from './workflow-engine.ts'
export type * from './workflow-state.ts'
export { checkedDeletion, checkedWrite } from './verbs/checked-write.ts'
export { checkFits, forkIdTaken } from './verbs/forking.ts'
