import { limits } from '../core/limits.ts'
import type { StateImage, StateStore } from './state-store.ts'

/**
 * Somewhere outside an engine's file that shows what its executions have in their state. The journal stays
 * the truth: each image is given after it is durable there, in the order of one workflow, and once more
 * whenever it is not certain that it was taken. Versions are the journal's, so a repeat changes nothing.
 *
 * Every method rejects when it could not be done: it is asked again later.
 */
export interface StateMirror {
  /**
   * Takes what has changed.
   *
   * @param knownRevision the revision that was taken before; null: `image` has every entry
   * @throws StateConsistencyError with `details.because: 'behind'` when it has lost what it took: it is then
   *   given every entry
   */
  take(workflowId: string, image: StateImage, knownRevision: number | null): Promise<void>
  /** The workflow has ended. @param keys every key that it ever had in its state */
  end(workflowId: string, keys: readonly string[]): Promise<void>
}

const dayMs = 86_400_000

/**
 * The mirror that a store is.
 *
 * @param keepMs how long the state of an ended workflow stays; default a day
 */
export function storeMirror(store: StateStore, keepMs = dayMs): StateMirror {
  return {
    async take(workflowId, { revision, entries }, knownRevision) {
      const guard = knownRevision === null ? {} : { knownRevision }
      for (let from = 0; from === 0 || from < entries.length; from += limits.stateBatchWritesMax) {
        const slice = entries.slice(from, from + limits.stateBatchWritesMax)
        // The store may claim the revision only when it has everything up to there.
        const isLast = from + slice.length >= entries.length
        const reached = isLast ? revision : Math.max(1, knownRevision ?? 1)
        await store.merge(workflowId, { revision: reached, entries: slice }, guard)
      }
    },
    end: (workflowId) => store.expire(workflowId, keepMs),
  }
}
