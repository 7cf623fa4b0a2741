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
  'duplicateDelivery',
  'abort',
  'lookupFails',
  'poison',
  'suspend',
  'hang',
  'definiteFailure',
  'retryableFailure',
  'undoFails',
  'snapshotDamaged',
  'slow',
] as const
/** Where a process can die. */
const crashPoints = ['beforeCommit', 'afterCommit', 'betweenTurns', 'insideCall'] as const
/** What no event tells. */
const features = [
  'fired',
  'forkOfFork',
  'parked',
  'pruned',
  'refusedByAdmission',
  'snapshot',
  'snapshotLoaded',
  'childUndone',
  'automaticRollback',
] as const

type Group = 'events' | 'faults' | 'crashes' | 'features'

/** How often each kind of event, fault, crash point and feature occurred over all seeds. */
export class Coverage {
  readonly events = zeros(kernelEventKinds)
  readonly faults = zeros(faultKinds)
  readonly crashes = zeros(crashPoints)
  readonly features = zeros(features)

  count(of: Group, kind: string): void {
    this[of][kind] = (this[of][kind] ?? 0) + 1
  }

  /** Kinds that never occurred, as `events.CallFailed`. */
  get missing(): readonly string[] {
    return (['events', 'faults', 'crashes', 'features'] as const).flatMap((of) =>
      Object.entries(this[of])
        .filter(([, count]) => count === 0)
        .map(([kind]) => `${of}.${kind}`),
    )
  }
}

function zeros(kinds: readonly string[]): Record<string, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0]))
}
