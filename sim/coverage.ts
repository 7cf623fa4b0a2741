import { kernelEventKinds } from '../src/workflow/kernel/codec.ts'
import { documentFaults } from './bad-documents.ts'
import { eventFaults } from './semantic-clients.ts'
import { modelFaults } from './simulated-model.ts'

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
  'meshRefuses',
  'poison',
  'suspend',
  'hang',
  'definiteFailure',
  'retryableFailure',
  'undoFails',
  'snapshotDamaged',
  'slow',
  'wrongShape',
  'voteOutside',
  'abstains',
  'diesMidStream',
  'rateLimited',
  'badShape',
  'refuses',
  'recurses',
  'graph interrupt',
  'graph nodeFails',
  ...modelFaults,
  ...documentFaults,
  ...eventFaults,
  'overrun',
  'breaker open',
  'breaker halfOpen',
  'breaker closed',
]
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
  'event handled',
  'event adapts',
  'event votes',
  'event routed',
  'event repeat',
  'ran alone',
  'ended by repeat limit',
  'refused by pool',
  'refused by breaker',
  'refused by concurrency',
  'refused by budget',
] as const

type Group = 'events' | 'faults' | 'crashes' | 'features'

/** How often each kind of event, fault, crash point and feature occurred. */
export type Counts = Readonly<Record<Group, Record<string, number>>>

/** Counts over any number of seeds. */
export class Coverage {
  readonly counts: Counts = {
    events: zeros(kernelEventKinds),
    faults: zeros(faultKinds),
    crashes: zeros(crashPoints),
    features: zeros(features),
  }

  count(of: Group, kind: string): void {
    this.#add(of, kind, 1)
  }

  /** Takes in what other seeds met. */
  add(counts: Counts): void {
    for (const of of groups) {
      for (const [kind, count] of Object.entries(counts[of])) this.#add(of, kind, count)
    }
  }

  #add(of: Group, kind: string, count: number): void {
    const counts = this.counts[of]
    counts[kind] = (counts[kind] ?? 0) + count
  }
}

const groups: readonly Group[] = ['events', 'faults', 'crashes', 'features']

/** Kinds that never occurred, as `events.CallFailed`. */
export function missingIn(counts: Counts): readonly string[] {
  return groups.flatMap((of) =>
    Object.entries(counts[of])
      .filter(([, count]) => count === 0)
      .map(([kind]) => `${of}.${kind}`),
  )
}

function zeros(kinds: readonly string[]): Record<string, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0]))
}
