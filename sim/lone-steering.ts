import type { KernelEvent } from '../src/workflow/kernel/events.ts'

/** Somebody has redriven or taken back a sub-workflow alone, past its parent. */
export function isLone({ event }: { readonly event: KernelEvent }): boolean {
  if (event.kind === 'ExecutionRedriven') return event.token === undefined
  return event.kind === 'RollbackRequested' && event.automatic !== true
}
