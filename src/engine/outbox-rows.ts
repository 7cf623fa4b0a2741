import { sourceOf } from '../agents/index.ts'
import { type CloudEvent, readCloudEvent } from '../core/contracts/events.ts'
import type { CompensationReport, KernelEvent } from '../workflow/index.ts'
import type { ExecutionRow, OutboxRow } from './journal/journal.ts'
import { publishes } from './publishes.ts'

const none = [] as const
/** An execution has ended after what it did was undone. */
const compensatedType = 'workflow.compensated'

/** What the events of one commit of an execution publish. */
export function outboxRows(
  {
    execution,
    executionId,
    workflow,
  }: Pick<ExecutionRow, 'execution' | 'executionId' | 'workflow'>,
  of: {
    readonly events: readonly KernelEvent[]
    /** Sequence number of the first. */
    readonly firstSeq: number
    readonly atMs: number
  },
): readonly OutboxRow[] {
  if (!of.events.some(publishes)) return none
  const { firstSeq, atMs } = of
  return of.events.flatMap((event, offset) =>
    publishedBy(event, { executionId, workflow, atMs }).map((whole, place) => ({
      execution,
      seq: firstSeq + offset,
      place,
      atMs,
      event: whole,
    })),
  )
}

interface Publisher {
  readonly executionId: string
  readonly workflow: string
  readonly atMs: number
}

/** What one event publishes, as it is sent. */
export function publishedBy(event: KernelEvent, by: Publisher): readonly CloudEvent[] {
  if (event.kind === 'EventsPublished') return cloudEventsOf(event, by)
  if (!('undone' in event) || event.undone === undefined) return none
  return [compensatedEvent(event.undone, { ...by, errorCode: event.error.code })]
}

/**
 * The events as they are sent: their ids are made of the call's idempotency key, so that the same call gives
 * the same ids however often it is recorded or sent.
 */
function cloudEventsOf(
  { key, events }: KernelEvent & { readonly kind: 'EventsPublished' },
  { executionId, atMs }: Publisher,
): readonly CloudEvent[] {
  const time = new Date(atMs).toISOString()
  const shared = { source: sourceOf(executionId), time, correlationid: executionId }
  return events.map((event, place) =>
    readCloudEvent({ ...event, ...shared, id: `${key}/e${place}` }),
  )
}

function compensatedEvent(
  { key, correlationId, failedStep, compensated, notCompensated }: CompensationReport,
  { executionId, workflow, atMs, errorCode }: Publisher & { readonly errorCode: string },
): CloudEvent {
  return readCloudEvent({
    id: key,
    source: sourceOf(executionId),
    type: compensatedType,
    time: new Date(atMs).toISOString(),
    correlationid: correlationId,
    data: {
      executionId,
      workflow,
      correlationId,
      failedStep,
      errorCode,
      compensated: [...compensated],
      notCompensated: [...notCompensated],
    },
  })
}
