import { assertNever } from '../../core/assert.ts'
import type { During } from './journal-events.ts'

/** What the journal has said of one call that has not ended. */
export interface JournalCall {
  attempt: number
  effect: string
  lookup: boolean
  isRunning: boolean
  isLost: boolean
  isUncertain: boolean
  isResolved: boolean
  isSuspended: boolean
  isResumed: boolean
  /** A redrive began it anew. */
  isRevived: boolean
  /** The execution that works for it; null for none. */
  child: string | null
}

export function newJournalCall(isRevived = false): JournalCall {
  return {
    attempt: 0,
    effect: 'read',
    lookup: false,
    isRunning: false,
    isLost: false,
    isUncertain: false,
    isResolved: false,
    isSuspended: false,
    isResumed: false,
    isRevived,
    child: null,
  }
}

/** What an event between the start and the end of a call makes of it. */
export function during(call: JournalCall, event: During): void {
  switch (event.kind) {
    case 'CallRefused':
      return
    case 'CallResolved':
      call.isResolved = event.resolution === 'retry'
      return
    case 'SignalDelivered':
      call.isResumed = call.isSuspended
      call.isSuspended = false
      return
    case 'AttemptLost':
      call.isLost = true
      break
    case 'CallUncertain':
      call.isUncertain = true
      break
    case 'CallSuspended':
      call.isSuspended = true
      break
    case 'PollCompleted':
      call.attempt = 0
      break
    case 'FallbackScheduled':
      Object.assign(call, { attempt: 0, child: null, isUncertain: false, isLost: false })
      break
    case 'RetryScheduled':
      break
    default:
      assertNever(event, 'event')
  }
  call.isRunning = false
}

interface OfCall {
  readonly step: string
  readonly index?: number
  readonly undo?: number
}

/** As `analyse[3]`, also of its compensation. */
export function labelOf({ step, index }: OfCall): string {
  return index === undefined ? step : `${step}[${index}]`
}

/** Tells a call and its compensations apart. */
export function keyOf(event: OfCall): string {
  return event.undo === undefined ? labelOf(event) : `${labelOf(event)}/undo${event.undo}`
}

/** Whether the label is of an item of the step, and not of its undoing. */
export function isItemOf(label: string, step: string): boolean {
  return label.startsWith(`${step}[`) && !label.includes('/')
}
