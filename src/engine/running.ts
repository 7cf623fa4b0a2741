import type { ExecutionTelemetry } from '../core/contracts/telemetry.ts'
import type { OrchestrationError } from '../core/errors.ts'
import type { CallRef, ExecutionState, Timer, Transition } from '../workflow/index.ts'
import type { BudgetChange } from './journal/budget-totals.ts'
import type { ExecutionRow } from './journal/journal.ts'
import type { Place } from './place.ts'
import type { ArmedTimer } from './timers.ts'

/** One execution in memory. Its state runs ahead of the journal by the events in `made`. */
export interface Running {
  readonly row: ExecutionRow
  readonly state: ExecutionState
  /** False while only a verb is applied: commands are then dropped and a later driver derives them anew. */
  isDriven: boolean
  /** The documents that its start names, while the journal may not have them. */
  documents: readonly { readonly hash: string; readonly text: string }[]
  /** Its dead letters that the journal lists as open. */
  letters: ReadonlySet<string>
  /** Verbs that are at work on it. */
  holders: number
  /** Its start is in the journal. */
  isRecorded: boolean
  isDirty: boolean
  /** What it decided is on its way into the journal, or recorded and not yet obeyed. */
  isRecording: boolean
  /** It is out of memory: nothing reaches it any more. */
  hasLeft: boolean
  /** Why it is not driven any more; what it decided and was not recorded is given up. */
  broken: OrchestrationError | null
  /** What the events of `made` change in the totals of agents and tenants. */
  charges: readonly BudgetChange[]
  /** Decided since the last commit: events to be recorded, commands to be obeyed after that. */
  made: Transition
  /** The status in the journal. */
  status: string
  /** Set while it stays in memory since it was steered a moment ago. */
  awake: ArmedTimer | null
  /** Position of its newest snapshot; 0 when it has none. */
  snapshotSeq: number
  /** The newest position that the mirrors of its state were told of; null: they are to be told everything. */
  mirroredSeq: number | null
  /** Monotonic times, by wall time, of timers that were armed before it was parked. */
  knownDues: ReadonlyMap<number, number> | null
  readonly places: Map<CallRef, Place>
  readonly timers: Map<CallRef | null, { readonly timer: Timer; readonly armed: ArmedTimer }>
  /** Calls whose agents this process does not have, and what is missing. */
  readonly missing: Map<CallRef, string>
  /** Ids of open children of which nothing runs either. */
  readonly waitingChildren: Set<string>
  readonly telemetry: ExecutionTelemetry
  /** Told once everything recorded so far is durable. */
  flushed: { readonly resolve: () => void; readonly reject: (error: OrchestrationError) => void }[]
}

/** An execution as it comes into memory. */
export function newRunning(
  parts: Pick<Running, 'row' | 'state' | 'documents' | 'telemetry' | 'isDriven'>,
): Running {
  return {
    ...parts,
    isRecorded: false,
    holders: 0,
    isDirty: false,
    isRecording: false,
    hasLeft: false,
    broken: null,
    charges: noCharges,
    made: { events: [], commands: [] },
    status: parts.row.status,
    knownDues: null,
    awake: null,
    snapshotSeq: 0,
    mirroredSeq: 0,
    places: new Map(),
    timers: new Map(),
    missing: new Map(),
    waitingChildren: new Set(),
    letters: letterIds(parts.state),
    flushed: [],
  }
}

const noCharges: readonly BudgetChange[] = []
const noLetters: ReadonlySet<string> = new Set()

/** The ids of an execution's dead letters; most have none. */
export function letterIds({ deadLetters }: ExecutionState): ReadonlySet<string> {
  return deadLetters.size === 0 ? noLetters : new Set(deadLetters.keys())
}
