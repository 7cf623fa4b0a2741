import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import {
  decodeState,
  encodeState,
  type ExecutionState,
  kernelVersion,
  type Plan,
} from '../workflow/index.ts'
import { foldFurther, foldRows } from './folding.ts'
import type { ExecutionRow, Journal } from './journal/journal.ts'
import type { Running } from './running.ts'

/** Events after which a first snapshot is worth its bytes. Each further one is due when there are twice as many. */
const eventsMinDefault = 500

/**
 * Keeps folded states, so that an execution with a long journal is loaded without folding all of it. They are
 * never the truth: one that is damaged, of another kernel or not there is done without.
 */
export class Snapshots {
  readonly #journal: Journal
  readonly #logger: Logger
  readonly #eventsMin: number

  constructor(journal: Journal, logger: Logger, eventsMin = eventsMinDefault) {
    this.#eventsMin = eventsMin
    this.#journal = journal
    this.#logger = logger
  }

  /** Records the state of an execution all of whose events are durable, when enough have come since the last time. */
  take(running: Running): void {
    const { state, row } = running
    const { snapshotSeq } = running
    if (state.seq - snapshotSeq < Math.max(this.#eventsMin, snapshotSeq) || state.phase === 'ended')
      return
    running.snapshotSeq = state.seq
    const { execution } = row
    const snapshot = { execution, seq: state.seq, kernelVersion, payload: encodeState(state) }
    const nothing = { documents: [], starts: [], rows: [], statuses: [] }
    this.#journal.append({ ...nothing, snapshots: [snapshot] }).catch((thrown: unknown) => {
      // Whoever loads the execution folds more; a disk that takes nothing is felt by the next commit.
      this.#logger.log('warn', `no snapshot of '${row.executionId}': ${messageOf(thrown)}`)
    })
  }

  /** The state of an execution, from its newest good snapshot (at `snapshotSeq`, 0 without one) and what was recorded after it. */
  load(
    row: ExecutionRow,
    plan: Plan,
  ): { readonly state: ExecutionState; readonly snapshotSeq: number } {
    const state = this.#fromSnapshot(row, plan)
    if (state === null) {
      return { state: foldRows(row, plan, this.#journal.rows(row.execution)), snapshotSeq: 0 }
    }
    const snapshotSeq = state.seq
    foldFurther(state, this.#journal.rows(row.execution, snapshotSeq))
    return { state, snapshotSeq }
  }

  #fromSnapshot({ execution, executionId }: ExecutionRow, plan: Plan): ExecutionState | null {
    const snapshot = this.#journal.snapshot(execution)
    if (snapshot === undefined || snapshot.kernelVersion !== kernelVersion) return null
    try {
      const state = decodeState(snapshot.payload, plan)
      return state.seq === snapshot.seq && state.executionId === executionId ? state : null
    } catch (thrown) {
      this.#logger.log('warn', `a snapshot of '${executionId}' is left out: ${messageOf(thrown)}`)
      return null
    }
  }
}
