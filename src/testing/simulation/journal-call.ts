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
