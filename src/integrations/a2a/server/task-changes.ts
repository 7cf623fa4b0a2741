import type { ShowView } from '../../../engine/index.ts'
import type { TaskHost } from './task-host.ts'

/**
 * How an execution stands: now, and again after each event, until whoever asks stops asking or `gone` is aborted.
 * Events that come while it is being looked at are one look.
 */
export async function* changesOf(
  host: TaskHost,
  executionId: string,
  gone: AbortSignal,
): AsyncGenerator<ShowView, void, undefined> {
  let isNew = true
  let wake: (() => void) | null = null
  const changed = (): void => {
    isNew = true
    wake?.()
  }
  const unsubscribe = host.subscribe(executionId, changed)
  gone.addEventListener('abort', changed, { once: true })
  try {
    for (;;) {
      if (!isNew) await new Promise<void>((resolve) => (wake = resolve))
      if (gone.aborted) return
      isNew = false
      yield await host.show(executionId)
    }
  } finally {
    unsubscribe()
    gone.removeEventListener('abort', changed)
  }
}
