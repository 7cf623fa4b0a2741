import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Part } from './committer.ts'
import type { EngineListener } from './workflow-engine.ts'

/** Tells what was committed. A listener that throws is logged: it must not stop what others wait for. */
export function tellListeners(
  to: { readonly listeners: ReadonlySet<EngineListener>; readonly logger: Logger },
  { running, events, firstSeq }: Part,
  atMs: number,
): void {
  const { executionId } = running.row
  for (const listener of to.listeners) {
    try {
      for (const [place, event] of events.entries())
        listener.onEvent?.({ executionId, seq: firstSeq + place, atMs, event })
    } catch (thrown) {
      to.logger.log('error', `a listener threw: ${messageOf(thrown)}`, { executionId })
    }
  }
}
