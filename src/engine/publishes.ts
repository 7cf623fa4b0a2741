import type { KernelEvent } from '../workflow/index.ts'

/** Whether anybody outside is told of an event. */
export function publishes(event: KernelEvent): boolean {
  return event.kind === 'EventsPublished' || ('undone' in event && event.undone !== undefined)
}
