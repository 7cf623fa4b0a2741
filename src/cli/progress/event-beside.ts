import type { LogEntry } from '../../engine/index.ts'

/** What is recorded beside a call and says nothing of how it goes. */
export type EventBeside = Extract<
  LogEntry['event'],
  { readonly kind: 'StateChanged' | 'EventsPublished' | 'MemoryChanged' }
>

export function isBeside(event: LogEntry['event']): event is EventBeside {
  return (
    event.kind === 'StateChanged' ||
    event.kind === 'EventsPublished' ||
    event.kind === 'MemoryChanged'
  )
}
