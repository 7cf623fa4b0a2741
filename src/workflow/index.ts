export type { KnownAgents } from './document/check-agents.ts'
export type { KnownWorkflows, WorkflowVersion } from './document/check-known-workflows.ts'
export { defineWorkflow, isDefined } from './document/builder.ts'
export type { StepData, WorkflowData } from './document/builder.ts'
export { documentError } from './document/document-error.ts'
export { keysIn } from './document/json-schema.ts'
export type { ExpressionSite } from './document/expression-sites.ts'
export { checkSites } from './document/check-expressions.ts'
export { readShaped, type ShapedReading } from './document/read-shaped.ts'
export type { Path, ProblemDraft, ProblemList } from './document/problem.ts'
export { duration, expression, label, workflowName } from './document/schema-values.ts'
export { semverPattern } from './document/text-patterns.ts'
export { conjunctsOf, type Conjunct, type Constant } from './expression/conjuncts.ts'
export type {
  FallbackDocument,
  StepDocument,
  TriggerDocument,
  WorkflowDocument,
} from './document/document.ts'
export { coerceInputText } from './document/input-text.ts'
export { compileInput, compileSchema } from './document/input.ts'
export type { InputReading } from './document/input.ts'
export { patternFaults } from './document/pattern-faults.ts'
export type { PatternOptionsData } from './document/pattern-data.ts'
export { patternTargets } from './document/pattern-targets.ts'
export { normalizePattern } from './document/pattern-options.ts'
export type { Problem } from './document/problem.ts'
export { documentHash, readDocument, readDocumentData } from './document/read.ts'
export type { ReadResult } from './document/read.ts'
export { type ParsedPatternOptions, patternOptions } from './document/schema-patterns.ts'
export { mapFilePaths } from './document/schema-properties.ts'
export { stepsToDocument } from './document/workflow-steps.ts'
export type { WorkflowStep } from './document/workflow-steps.ts'
export { compileExpression } from './expression/compile.ts'
export { expectBool } from './expression/expect.ts'
export type { CompiledExpression, CompiledTemplate, Scope } from './expression/scope.ts'
export { compileTemplate } from './expression/template.ts'
export { checkpointWords } from './document/checkpoint-words.ts'
export { resolveWorkflowRef, workflowRefs } from './document/workflow-refs.ts'
export type { WorkflowRef } from './document/workflow-refs.ts'
export type {
  Adaptation,
  AdaptationChange,
  AdaptationOrder,
  StepChange,
  StepChanges,
} from './kernel/adaptation.ts'
export { planAdaptation, type PlannedAdaptation } from './kernel/plan-adaptation.ts'
export { callLabel, parseCallLabel, refOf } from './kernel/call-ref.ts'
export type { CallRef, NamesCall } from './kernel/call-ref.ts'
export { checkpointsOf, findCheckpoint } from './kernel/checkpoints.ts'
export type { Checkpoint } from './kernel/checkpoints.ts'
export { decodeRow, encodeRow } from './kernel/codec.ts'
export {
  type CompensationReport,
  type KernelEvent,
  kernelVersion,
  type RefusalReason,
} from './kernel/events.ts'
export { conflictOf, entriesAt, entryAt } from './kernel/entries.ts'
export { fold } from './kernel/fold.ts'
export { type ForkOrigin, forkOriginOf } from './kernel/fork.ts'
export { callsOf } from './kernel/hosted-state.ts'
export { idempotencyKey } from './kernel/keys.ts'
export { decodeState, encodeState } from './kernel/snapshot.ts'
export { findCall, findStep, newExecution } from './kernel/state.ts'
export { childrenAfter, effectsAfter, mayRollBack } from './kernel/rollback.ts'
export type { RollbackOrder } from './kernel/rollback.ts'
export type {
  CallState,
  DeadLetter,
  ExecutionState,
  ParentRef,
  StateEntry,
  StepState,
} from './kernel/state.ts'
export { executionStatus, stepStatus } from './kernel/status.ts'
export type {
  ChildEnd,
  Command,
  Invocation,
  Moment,
  Origin,
  PolicyAdviser,
  Resolution,
  Slot,
  Stimulus,
  Timer,
} from './kernel/stimulus.ts'
export { budgetInForce } from './kernel/policy-in-force.ts'
export { agentTargetOf, targetOf } from './kernel/target.ts'
export { transition } from './kernel/transition.ts'
export { compilePlan } from './plan/compile-plan.ts'
export type { Plan } from './plan/plan.ts'
export type { Transition } from './kernel/turn.ts'
