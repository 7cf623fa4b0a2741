import { assertNever } from '../../core/assert.ts'
import type { KernelEvent } from '../../workflow/index.ts'
import type { JournalCall } from './journal-call.ts'
import type { During } from './journal-events.ts'

/** The next start of the call is a delivery of the same attempt. */
export function isRedelivered({ isLost, isResolved, isResumed }: JournalCall): boolean {
  return isLost || isResolved || isResumed
}

/** Takes in that an attempt has started. @returns properties that do not hold */
export function attemptStarts(
  call: JournalCall,
  event: KernelEvent & { kind: 'AttemptStarted' },
): readonly string[] {
  const broken: string[] = []
  if (call.isRunning) broken.push('oneAttemptAtATime')
  const isAgain = isRedelivered(call)
  if (isAgain && call.attempt > 0 && event.attempt !== call.attempt)
    broken.push('redeliveryKeepsAttempt')
  if (!isAgain && event.attempt !== call.attempt + 1) broken.push('attemptsCountUp')
  if (call.isUncertain && !call.isResolved) broken.push('onceNotBlindly')
  if (call.isLost && !call.isResolved && event.effect === 'once' && !event.lookup)
    broken.push('onceNotBlindly')
  Object.assign(call, {
    attempt: event.attempt,
    effect: event.effect,
    lookup: event.lookup,
    isRunning: true,
    isLost: false,
    isResolved: false,
    isResumed: false,
    isUncertain: false,
  })
  return broken
}

/** Takes in what happens between start and end of a call. @returns properties that do not hold */
export function callGoesOn(call: JournalCall, event: During, atMs: number): readonly string[] {
  switch (event.kind) {
    case 'CallRefused':
      if (call.isRunning) return ['refusedBeforeStarted']
      break
    case 'AttemptLost':
      call.isLost = true
      break
    case 'CallUncertain':
      call.isUncertain = true
      break
    case 'CallResolved':
      call.isResolved = event.resolution === 'retry'
      return []
    case 'SignalDelivered':
      call.isResumed = call.isSuspended
      call.isSuspended = false
      return []
    case 'CallSuspended':
      call.isSuspended = true
      break
    case 'PollCompleted':
      Object.assign(call, { attempt: 0, isHost: false })
      break
    case 'FallbackScheduled':
      Object.assign(call, {
        attempt: 0,
        isHost: false,
        child: null,
        isUncertain: false,
        isLost: false,
      })
      break
    case 'RetryScheduled':
      break
    default:
      assertNever(event, 'event')
  }
  call.isRunning = false
  return 'dueAtMs' in event && event.dueAtMs < atMs ? ['dueInTheFuture'] : []
}

/**
 * Judges that a call is cancelled.
 *
 * @param isHeld nothing of its step may start any more
 * @returns properties that do not hold
 */
export function callIsCancelled(
  call: JournalCall,
  { part, unknown = false }: KernelEvent & { kind: 'CallCancelled' },
  isHeld: boolean,
): readonly string[] {
  const wasLost = call.isLost && !call.isResolved && call.effect !== 'read' && !call.lookup
  if (wasLost && !unknown) return ['lostIsNotForgotten']
  // While the execution goes forward, a `once` call is awaited whatever its pattern has come to.
  const isOnce = part !== undefined && call.effect === 'once' && !call.isUncertain
  return unknown && isOnce && !isHeld ? ['onceIsAwaited'] : []
}
