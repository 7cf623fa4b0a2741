import type { ErrorJson } from '../src/core/errors.ts'
import type { ExecutionRow, JournalBatch } from '../src/engine/journal/journal.ts'
import type { Definitions } from '../src/engine/definitions.ts'
import { decodeRow } from '../src/workflow/kernel/codec.ts'
import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import { fold } from '../src/workflow/kernel/fold.ts'
import { setStatus } from '../src/workflow/kernel/fold-step.ts'
import { decodeState } from '../src/workflow/kernel/snapshot.ts'
import {
  type CallStatus,
  type ExecutionState,
  findCall,
  newExecution,
} from '../src/workflow/kernel/state.ts'
import type { Plan } from '../src/workflow/plan/plan.ts'
import type { Disk } from '../src/testing/simulation/disk.ts'
import type { DecodedRow } from '../src/testing/simulation/journal-events.ts'
import { endsWithItsAnswer } from './check-conversation.ts'
import { ExecutionModel, sameOutput } from './execution-model.ts'
import { isSameState } from './same-state.ts'

/** One execution as it was committed. */
export interface ExecutionRecord {
  readonly row: ExecutionRow
  readonly plan: Plan
  readonly model: ExecutionModel
  readonly rows: DecodedRow[]
  /** A power cut took something of its family that was durable: no promise was made for that. */
  isExempt: boolean
  isOpen: boolean
  /** The kernel's state after so many rows; null where nobody has asked for it. */
  folded: { readonly state: ExecutionState; rows: number } | null
}

/** Everything that was ever committed, also what was pruned since, looked at the moment it becomes durable. */
export class Records {
  readonly byId = new Map<string, ExecutionRecord>()
  readonly #byNumber = new Map<number, ExecutionRecord>()
  readonly #disk: Disk
  readonly #definitions: Definitions
  readonly #fail: (property: string) => void
  readonly #onEvent: (event: KernelEvent) => void
  readonly #saw: (feature: string) => void
  /** Those that have not ended, and that anything was promised for. */
  readonly #open = new Set<ExecutionRecord>()

  constructor(parts: {
    readonly disk: Disk
    readonly definitions: Definitions
    readonly fail: (property: string) => void
    readonly saw: (feature: string) => void
    readonly onEvent: (event: KernelEvent) => void
  }) {
    this.#disk = parts.disk
    this.#definitions = parts.definitions
    this.#fail = parts.fail
    this.#onEvent = parts.onEvent
    this.#saw = parts.saw
    parts.disk.onCommitted = (batch) => this.#committed(batch)
  }

  /** Committed so far. */
  events = 0

  get isOver(): boolean {
    return this.#open.size === 0
  }

  /** Those that have not ended, and that anything was promised for. */
  get open(): readonly ExecutionRecord[] {
    return Array.from(this.#open)
  }

  /** Who refused a call before it reached its agent, and what had no end. */
  #sawRefusal({ code, message, details }: ErrorJson): void {
    if (code === 'RepeatLimitError') this.#saw('ended by repeat limit')
    if (code === 'BudgetExceededError' && details?.['budget'] !== undefined)
      this.#saw('refused by budget')
    if (details?.['breaker'] !== undefined) this.#saw('refused by breaker')
    if (message.startsWith('concurrency:')) this.#saw('refused by concurrency')
    if (message.startsWith('the queue of agent')) this.#saw('refused by pool')
  }

  /** An execution and those that it works for, the outermost last. */
  upwards(executionId: string): readonly ExecutionRecord[] {
    const family: ExecutionRecord[] = []
    let record = this.byId.get(executionId)
    while (record !== undefined) {
      family.push(record)
      record = this.#above(record)
    }
    return family
  }

  #above(record: ExecutionRecord): ExecutionRecord | undefined {
    const outermost = outermostOf(record)
    if (outermost !== null) return this.byId.get(outermost)
    return record.row.parent === null ? undefined : this.#byNumber.get(record.row.parent)
  }

  /** The newest commit was lost: nothing more is expected of those executions and their families. */
  lost(executionIds: readonly string[]): void {
    for (const executionId of executionIds) {
      const record = this.byId.get(executionId)
      if (record !== undefined) this.#exempt(record)
    }
    for (const record of this.byId.values()) {
      const row = this.#disk.store.find(record.row.executionId)
      this.#setOpen(record, row !== undefined && row.endedAtMs === null)
    }
  }

  #setOpen(record: ExecutionRecord, isOpen: boolean): void {
    record.isOpen = isOpen
    if (isOpen && !record.isExempt) this.#open.add(record)
    else this.#open.delete(record)
  }

  #exempt(record: ExecutionRecord): void {
    if (record.isExempt) return
    record.isExempt = true
    for (const other of this.byId.values()) {
      const { parent, execution } = other.row
      const isFamily = parent === record.row.execution || record.row.parent === execution
      const isInside = outermostOf(other) === record.row.executionId
      if (
        isFamily ||
        isInside ||
        outermostOf(record) === other.row.executionId ||
        this.#isForkOf(other, record)
      )
        this.#exempt(other)
    }
  }

  #isFork({ model }: ExecutionRecord): boolean {
    return model.events[1]?.event.kind === 'ExecutionForked'
  }

  #isForkOf({ model }: ExecutionRecord, other: ExecutionRecord): boolean {
    const second = model.events[1]?.event
    return second?.kind === 'ExecutionForked' && second.executionId === other.row.executionId
  }

  #committed(batch: JournalBatch): void {
    for (const start of batch.starts) this.#start(start)
    for (const { execution, seq, count, payload } of batch.rows) {
      const record = this.#byNumber.get(execution)
      if (record === undefined) continue
      const { atMs, events } = decodeRow(payload)
      record.rows.push({ seq, count, atMs, events })
      for (const event of events) this.#event(record, event, atMs)
    }
    for (const { execution, endedAtMs } of batch.statuses) {
      const record = this.#byNumber.get(execution)
      if (record !== undefined) this.#setOpen(record, endedAtMs === null)
    }
    for (const snapshot of batch.snapshots ?? []) this.#snapshot(snapshot)
  }

  #start(row: ExecutionRow): void {
    const { executionId, documentHash, workflow, execution, parent } = row
    const { plan } = this.#definitions.ofHash(documentHash, () =>
      this.#disk.store.document(documentHash),
    )
    const record: ExecutionRecord = {
      row,
      plan,
      model: new ExecutionModel(executionId, plan, (property) => {
        if (!record.isExempt) this.#fail(`${property} (${executionId} ${workflow})`)
      }),
      rows: [],
      isExempt:
        this.byId.get(executionId)?.isExempt === true ||
        (parent !== null && this.#byNumber.get(parent)?.isExempt === true),
      isOpen: row.endedAtMs === null,
      folded: null,
    }
    if (this.byId.has(executionId) && !record.isExempt)
      this.#fail(`startedOnce (${executionId} ${workflow})`)
    this.byId.set(executionId, record)
    this.#byNumber.set(execution, record)
    this.#setOpen(record, record.isOpen)
  }

  #event(record: ExecutionRecord, event: KernelEvent, atMs: number): void {
    if (event.kind === 'ChildEnded' && !record.isExempt) this.#childEnded(record, event)
    if (!record.isExempt && !endsWithItsAnswer(this, record, event))
      this.#fail(`endsWithItsAnswer (${record.row.executionId} ${record.row.workflow})`)
    record.model.see(event, atMs)
    if (event.kind === 'ExecutionStarted') this.#startedInside(record)
    if (event.kind === 'ExecutionForked') this.#forked(record, event)
    if (event.kind === 'ChildStarted') this.#childStarted(record, event)
    if (event.kind === 'RollbackRequested' && event.automatic === true)
      this.#saw('automaticRollback')
    if (event.kind === 'ChildEnded' && event.undo !== undefined) this.#saw('childUndone')
    this.events++
    if ('error' in event) this.#sawRefusal(event.error)
    this.#onEvent(event)
  }

  /** What a call makes is promised as long as the call is. */
  #startedInside(record: ExecutionRecord): void {
    const outermost = outermostOf(record)
    if (outermost !== null && this.byId.get(outermost)?.isExempt === true) this.#exempt(record)
    this.#setOpen(record, record.isOpen)
  }

  #childStarted(record: ExecutionRecord, event: KernelEvent & { kind: 'ChildStarted' }): void {
    const call = record.model.steps.call(event)
    const end = this.byId.get(event.executionId)?.model.end
    if (call !== undefined) call.failedBefore = end?.result === 'failed' ? end.ends.length : -1
  }

  /** What a parent is told of its child is what the child's journal says, and durable there. */
  #childEnded(record: ExecutionRecord, event: KernelEvent & { kind: 'ChildEnded' }): void {
    const { model, row } = record
    const call = model.steps.call(event)
    const id = call?.child
    const child = id == null ? undefined : this.byId.get(id)
    const isTrue =
      child === undefined
        ? event.status !== 'completed'
        : child.isExempt || child.model.end.ends.includes(event.status)
    if (!isTrue) this.#fail(`childEndIsDurable (${row.executionId} ${row.workflow})`)
    if (child === undefined || child.isExempt) return
    const { result, ends } = child.model.end
    if (event.undo === undefined) {
      // A failure that was told before is not told again: the child is redriven first.
      if (ends.length === call?.failedBefore) this.#fail(`childIsRedriven (${id})`)
      return
    }
    if (result === 'completed') this.#fail(`childIsUndone (${id})`)
  }

  /** What a fork takes over is what the original had at the checkpoint. */
  #forked(record: ExecutionRecord, event: KernelEvent & { kind: 'ExecutionForked' }): void {
    const origin = this.byId.get(event.executionId)
    if (origin === undefined || origin.isExempt) {
      record.isExempt = true
      this.#setOpen(record, record.isOpen)
      return
    }
    if (this.#isFork(origin)) this.#saw('forkOfFork')
    const fail = (): void =>
      this.#fail(`forkCopiesTheCheckpoint (${record.row.executionId} ${record.row.workflow})`)
    const before = origin.model.at(event.seq)
    const settled = Array.from(before.steps.steps.values()).filter(
      (step) => step.settled > 0 && !before.steps.isCompensated(step),
    )
    if (settled.length !== event.steps.length) fail()
    for (const { step: id, status, output } of event.steps) {
      const step = before.steps.steps.get(id)
      if (step?.status !== status || !sameOutput(step.output, output)) fail()
    }
    const { model } = record
    const atMs = model.events.at(-1)?.atMs ?? 0
    if (!model.state.equals(before.state, atMs, atMs)) fail()
    if (model.state.count !== before.state.count) fail()
  }

  /** What the kernel makes of an execution's events up to that one; it is kept, and goes on from where it was. */
  foldedTo(record: ExecutionRecord, seq: number): ExecutionState {
    if (record.folded === null || record.folded.state.seq > seq)
      record.folded = { state: newExecution(record.row.executionId, record.plan, {}), rows: 0 }
    const { folded } = record
    for (; folded.state.seq < seq && folded.rows < record.rows.length; folded.rows++) {
      const row = record.rows[folded.rows]
      for (const event of row?.events ?? []) fold(folded.state, event, row?.atMs ?? 0)
    }
    return folded.state
  }

  /** A snapshot gives the state that folding gives. */
  #snapshot(snapshot: NonNullable<JournalBatch['snapshots']>[number]): void {
    const record = this.#byNumber.get(snapshot.execution)
    if (record === undefined || record.isExempt) return
    this.#saw('snapshot')
    const folded = this.foldedTo(record, snapshot.seq)
    const loaded = decodeState(snapshot.payload, record.plan)
    for (const call of loaded.live) {
      const before = findCall(folded, call.ref)
      if (before === undefined || !isMovedSilently(before.status, call.status)) continue
      setStatus(loaded, call, before.status)
    }
    if (!isSameState(loaded, folded))
      this.#fail(`snapshotIsTheFold (${record.row.executionId} ${record.row.workflow})`)
  }
}

/** The execution of the outermost call inside which this one is made; null for none. */
function outermostOf({ model }: ExecutionRecord): string | null {
  const key = model.steps.insideKey
  return key === null ? null : key.slice(0, key.indexOf('/'))
}

/** What no event says: a delay is over, or somebody is asked what a call did. */
function isMovedSilently(before: CallStatus, now: CallStatus): boolean {
  if (now === 'lookingUp') return before === 'running'
  return now === 'scheduled' && ['backoff', 'polling', 'lookingUp'].includes(before)
}
