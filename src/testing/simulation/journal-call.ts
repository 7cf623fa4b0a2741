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
  /** Another execution works for it. */
  isChild: boolean
  /** Agent calls of that execution that are counted already. */
  childCalls: number
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
    isChild: false,
    childCalls: 0,
  }
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
