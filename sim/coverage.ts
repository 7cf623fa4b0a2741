import { kernelEventKinds } from '../src/workflow/kernel/codec.ts'

/** Everything that can go wrong in the simulation. */
const faultKinds = [
  'crash',
  'loseNewestCommit',
  'zombie',
  'diskFull',
  'clockJump',
  'duplicateOutcome',
  'duplicateStart',
  'abort',
  'lookupFails',
  'poison',
  'suspend',
  'hang',
  'definiteFailure',
  'retryableFailure',
  'slow',
] as const
/** Where a process can die. */
const crashPoints = ['beforeCommit', 'afterCommit', 'betweenTurns', 'insideCall'] as const

/** How often each kind of event, fault and crash point occurred over all seeds. */
export class Coverage {
  readonly events: Record<string, number> = Object.fromEntries(
    kernelEventKinds.map((kind) => [kind, 0]),
  )
  readonly faults: Record<string, number> = Object.fromEntries(faultKinds.map((kind) => [kind, 0]))
  readonly crashes: Record<string, number> = Object.fromEntries(
    crashPoints.map((kind) => [kind, 0]),
  )

  count(of: 'events' | 'faults' | 'crashes', kind: string): void {
    this[of][kind] = (this[of][kind] ?? 0) + 1
  }

  /** Kinds that never occurred, as `events.CallFailed`. */
  get missing(): readonly string[] {
    return (['events', 'faults', 'crashes'] as const).flatMap((of) =>
      Object.entries(this[of])
        .filter(([, count]) => count === 0)
        .map(([kind]) => `${of}.${kind}`),
    )
  }
}
