import { sourceOf } from '../agents/index.ts'
import { type CloudEvent, readCloudEvent } from '../core/contracts/events.ts'
import type { KernelEvent } from '../workflow/index.ts'
import type { ExecutionRow, OutboxRow } from './journal/journal.ts'

const none = [] as const

/** What the events of one commit of an execution publish. */
export function outboxRows(
  { execution, executionId }: ExecutionRow,
  of: {
    readonly events: readonly KernelEvent[]
    /** Sequence number of the first. */
    readonly firstSeq: number
    readonly atMs: number
  },
): readonly OutboxRow[] {
  if (!of.events.some(({ kind }) => kind === 'EventsPublished')) return none
  const { firstSeq, atMs } = of
  return of.events.flatMap((event, offset) =>
    event.kind === 'EventsPublished'
      ? cloudEventsOf(executionId, event, atMs).map((whole, place) => ({
          execution,
          seq: firstSeq + offset,
          place,
          atMs,
          event: whole,
        }))
      : none,
  )
}

/**
 * The events as they are sent: their ids are made of the call's idempotency key, so that the same call gives
 * the same ids however often it is recorded or sent.
 */
export function cloudEventsOf(
  executionId: string,
  { key, events }: KernelEvent & { readonly kind: 'EventsPublished' },
  atMs: number,
): readonly CloudEvent[] {
  const time = new Date(atMs).toISOString()
  const shared = { source: sourceOf(executionId), time, correlationid: executionId }
  return events.map((event, place) =>
    readCloudEvent({ ...event, ...shared, id: `${key}/e${place}` }),
  )
}
