import type { KernelEvent } from '../../workflow/index.ts'

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
  readonly isRevived: boolean
  /** The execution that works for it; null for none. */
  child: string | null
  /** A pattern works for it. */
  isHost: boolean
  /** That pattern has its result. */
  isDecided: boolean
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
    isHost: false,
    isDecided: false,
  }
}

interface OfCall {
  readonly step: string
  readonly index?: number
  readonly undo?: number
  readonly part?: number
}

/** As `analyse[3]` or `decide/c2`, also of its compensation. */
export function labelOf({ step, index, part }: OfCall): string {
  const own = index === undefined ? step : `${step}[${index}]`
  return part === undefined ? own : `${own}/c${part}`
}

/** Tells a call and its compensations apart. */
export function keyOf(event: OfCall): string {
  return event.undo === undefined ? labelOf(event) : `${labelOf(event)}/undo${event.undo}`
}

/** Whether the label is of some call of the step that goes forward. */
export function isOf(label: string, step: string): boolean {
  return !isUndoing(label) && stepOf(label) === step
}

/** Whether the label is of an undoing. */
function isUndoing(label: string): boolean {
  return label.includes('/undo')
}

/** Whether the label is of a call that a pattern wanted. */
export function isPart(label: string): boolean {
  return /\/c\d+$/.test(label)
}

/** Whether the label is of an item of the step, and not of its undoing. */
export function isItemOf(label: string, step: string): boolean {
  return label.startsWith(`${step}[`) && !label.includes('/')
}

/** How many of the open calls are of these steps; null for all of them. What undoes another call goes on. */
export function openIn(keys: Iterable<string>, steps: ReadonlySet<string> | null): number {
  const isIn = (key: string): boolean => !isUndoing(key) && steps?.has(stepOf(key)) === true
  return Array.from(keys).filter((key) => steps === null || isIn(key)).length
}

function stepOf(label: string): string {
  return label.replace(/[[/].*$/, '')
}

/** A step that a policy makes wait for an approval has an open call. */
export function seePolicy(
  { step, decision }: KernelEvent & { kind: 'PolicyDecided' },
  open: Map<string, JournalCall>,
): void {
  if (step !== undefined && decision.values.approval !== undefined) open.set(step, newJournalCall())
}
