/**
 * What every host of the kernel shows and checks in the same way. Nothing here reaches for a file, a clock or
 * another process, so that it also runs inside the sandbox of a Temporal workflow.
 */
export { budgetExceeded, fitsBudget, leftWith } from './budgets/amount.ts'
export { foldEntries } from './folding.ts'
export { inputRefusal } from './input-refusal.ts'
export { missingAgent } from './missing-agent.ts'
export { publishes } from './publishes.ts'
export { fits } from './signal-schema.ts'
export { slotFull, Slots } from './slots.ts'
export { statusOf } from './status-of.ts'
export { checkSignal, ended, uncertainCall } from './verb-checks.ts'
export { runView } from './views/run-view.ts'
export { showView, usageOf } from './views/show-view.ts'
export * from './verbs/adapting.ts'
export * from './verbs/child-ends.ts'
export * from './verbs/dead-letters.ts'
export * from './verbs/going-back.ts'
export * from './verbs/state-writes.ts'
