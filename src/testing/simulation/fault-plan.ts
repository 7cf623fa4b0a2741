import { assertNever } from '../../core/assert.ts'
import type { Random } from '../../core/random.ts'

/**
 * What can go wrong, by name.
 * `crash`: the process is killed before or after a commit, between two turns, or inside a call. `agentFailure`:
 * a call fails with a retryable error, before or after its effect. `agentHang`: no answer comes before the
 * attempt's time is over. `slow`: the answer comes late, maybe too late. `duplicateDelivery`: an answer comes
 * twice, and unless the effect is `once` the call is delivered twice. `clockJump`: somebody sets the wall
 * clock. `diskFull`: nothing can be recorded for a while.
 */
export const faultNames = [
  'crash',
  'agentFailure',
  'agentHang',
  'slow',
  'duplicateDelivery',
  'clockJump',
  'diskFull',
] as const
export type FaultName = (typeof faultNames)[number]

/**
 * One thing that is to go wrong: at the nth commit or the nth delivery of a call, counted from 1, or at the
 * one that has a name. Names stay true when other faults are left out: of a commit `<execution number>#<seq>`
 * of its first event, of a delivery `<idempotency key>#<how often it was delivered>`.
 */
export type PlannedFault =
  | {
      readonly fault: 'crash'
      readonly commit: number | string
      readonly point: 'before' | 'after' | 'between'
    }
  | {
      readonly fault: 'crash'
      readonly call: number | string
      readonly point: 'beforeRun' | 'afterRun'
    }
  | {
      readonly fault: 'agentFailure' | 'agentHang'
      readonly call: number | string
      readonly isAfterEffect: boolean
    }
  /** `share`: of the attempt's time that the answer takes; over 1 it comes too late. */
  | { readonly fault: 'slow'; readonly call: number | string; readonly share: number }
  | { readonly fault: 'duplicateDelivery'; readonly call: number | string }
  | { readonly fault: 'clockJump'; readonly commit: number | string; readonly byMs: number }
  | { readonly fault: 'diskFull'; readonly commit: number | string; readonly forMs: number }

/** How much a run without faults commits and delivers. */
export interface RunSize {
  readonly commits: number
  readonly calls: number
}

/** Faults of one seed: 1 to 6, over a little more than what a run without faults does. */
export function randomFaults(
  names: readonly FaultName[],
  random: Random,
  { commits, calls }: RunSize,
): readonly PlannedFault[] {
  const upTo = (max: number): number => 1 + Math.floor(random() * max)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const commit = (): number => upTo(commits * 1.3 + 1)
  const call = (): number => upTo(calls * 1.3 + 1)
  return Array.from({ length: names.length === 0 ? 0 : upTo(6) }, (): PlannedFault => {
    const fault = pick(names)
    switch (fault) {
      case 'crash':
        return random() < 0.3
          ? { fault, call: call(), point: pick(['beforeRun', 'afterRun']) }
          : { fault, commit: commit(), point: pick(['before', 'after', 'between']) }
      case 'agentFailure':
      case 'agentHang':
        return { fault, call: call(), isAfterEffect: random() < 0.5 }
      case 'slow':
        return { fault, call: call(), share: random() * 1.5 }
      case 'duplicateDelivery':
        return { fault, call: call() }
      case 'clockJump':
        return { fault, commit: commit(), byMs: Math.round((random() - 0.5) * 7_200_000) }
      case 'diskFull':
        return { fault, commit: commit(), forMs: upTo(20_000) }
      default:
        return assertNever(fault, 'fault')
    }
  })
}

/** The fault, at the first delivery of the same call. */
export function atFirstDelivery<T extends PlannedFault & { readonly call: number | string }>(
  fault: T,
): T {
  const { call } = fault
  return typeof call === 'number' ? fault : { ...fault, call: call.replace(/#\d+$/, '#1') }
}

/** A fault as a sentence. */
export function faultText(fault: PlannedFault): string {
  const place = 'commit' in fault ? commitText(fault.commit) : `call ${fault.call}`
  switch (fault.fault) {
    case 'crash': {
      if ('call' in fault)
        return `the process is killed inside ${place}, ${fault.point === 'beforeRun' ? 'before' : 'after'} its effect`
      return `the process is killed ${fault.point === 'between' ? 'soon after' : fault.point} ${place}`
    }
    case 'agentFailure':
      return `${place} fails ${fault.isAfterEffect ? 'after' : 'before'} its effect`
    case 'agentHang':
      return `${place} never answers, ${fault.isAfterEffect ? 'after' : 'without'} its effect`
    case 'slow':
      return `the answer of ${place} takes ${Math.round(fault.share * 100)} % of the attempt's time`
    case 'duplicateDelivery':
      return `${place} is delivered and answered twice`
    case 'clockJump':
      return `the wall clock is set by ${fault.byMs} ms at ${place}`
    case 'diskFull':
      return `the disk is full for ${fault.forMs} ms from ${place} on`
    default:
      return assertNever(fault, 'fault')
  }
}

function commitText(commit: number | string): string {
  if (typeof commit === 'number') return `commit ${commit}`
  const [execution, seq] = commit.split('#')
  return `the commit of event ${seq} of execution ${execution}`
}
