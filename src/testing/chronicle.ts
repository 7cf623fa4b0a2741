import {
  callLabel,
  compilePlan,
  decodeRow,
  type ExecutionState,
  fold,
  idempotencyKey,
  newExecution,
  type Plan,
  type WorkflowDocument,
} from '../workflow/index.ts'
import type { LogEntry } from '../engine/index.ts'
import type { Batch, Disk } from './simulation/disk.ts'
import type { FakeTime } from './fake-clock.ts'
import { storyText } from './story.ts'

/** Plans by the hash of their document; shared by tests of the same documents. */
export type Plans = Map<string, Plan>

/** Something the story tells: a recorded event, or what the test did to the world. */
export type StoryLine =
  | { readonly sinceMs: number; readonly entry: LogEntry }
  | { readonly sinceMs: number; readonly note: string }

/** Reads along what becomes durable, also what no process lived to hear of, and keeps the state of every execution. */
export class Chronicle {
  readonly lines: StoryLine[] = []
  readonly states = new Map<string, ExecutionState>()
  readonly #ids = new Map<number, string>()
  readonly #disk: Disk
  readonly #time: FakeTime
  readonly #startMs: number
  readonly #plans: Plans

  constructor(disk: Disk, time: FakeTime, plans: Plans) {
    this.#disk = disk
    this.#time = time
    this.#startMs = time.monotonicMs
    this.#plans = plans
    disk.onCommitted = (batch) => this.#read(batch)
  }

  /** Virtual time since the beginning. */
  get sinceMs(): number {
    return this.#time.monotonicMs - this.#startMs
  }

  note(note: string): void {
    this.lines.push({ sinceMs: this.sinceMs, note })
  }

  /** The recorded events of an execution, or of all. */
  log(executionId?: string): readonly LogEntry[] {
    return this.lines.flatMap((line) =>
      'entry' in line && (executionId === undefined || line.entry.executionId === executionId)
        ? [line.entry]
        : [],
    )
  }

  get story(): string {
    return storyText(this.lines)
  }

  planOf(executionId: string): Plan | undefined {
    return this.states.get(executionId)?.plan
  }

  hasEnded(executionId: string): boolean {
    return this.states.get(executionId)?.phase === 'ended'
  }

  /** Nothing goes on by itself any more: what is open waits for signals, resolutions or a resume. */
  get isBlocked(): boolean {
    for (const state of this.states.values()) {
      if (state.phase === 'ended') continue
      const { running, lookingUp, backoff, polling, sleeping } = state.counts
      if (running + lookingUp > 0) return false
      if (!state.paused && backoff + polling + sleeping > 0) return false
    }
    return true
  }

  /** Wall time at which the first wait for a signal gives up; Infinity for never. */
  get waitsUntilMs(): number {
    let firstMs = Infinity
    for (const state of this.states.values()) {
      if (state.phase === 'ended') continue
      for (const call of state.live) {
        if (call.status === 'waiting') firstMs = Math.min(firstMs, call.dueAtMs ?? Infinity)
      }
    }
    return firstMs
  }

  /** The calls of an execution that have not ended, oldest first. */
  openCalls(executionId: string): readonly OpenCall[] {
    const state = this.states.get(executionId)
    if (state === undefined || state.phase === 'ended') return []
    return Array.from(state.live, (call) => ({
      label: callLabel(call.ref),
      key: idempotencyKey(state, call),
      status: call.status,
      signal: call.signal,
    }))
  }

  #read(batch: Batch): void {
    for (const start of batch.starts) {
      this.#ids.set(start.execution, start.executionId)
      const plan = this.#plan(start.documentHash)
      this.states.set(start.executionId, newExecution(start.executionId, plan, {}))
    }
    for (const row of batch.rows) {
      const executionId = this.#ids.get(row.execution) as string
      const { atMs, events } = decodeRow(row.payload)
      for (const [place, event] of events.entries())
        this.#tell({ executionId, seq: row.seq + place, atMs, event })
    }
  }

  #tell(entry: LogEntry): void {
    this.lines.push({ sinceMs: this.sinceMs, entry })
    const state = this.states.get(entry.executionId) as ExecutionState
    fold(state, entry.event, entry.atMs)
  }

  #plan(hash: string): Plan {
    const known = this.#plans.get(hash)
    if (known !== undefined) return known
    const text = this.#disk.store.document(hash) as string
    const plan = compilePlan(JSON.parse(text) as WorkflowDocument, hash)
    this.#plans.set(hash, plan)
    return plan
  }
}

/** A call that has not ended. */
export interface OpenCall {
  /** As `analyse[3]`. */
  readonly label: string
  /** Its idempotency key. */
  readonly key: string
  readonly status: string
  /** The signal it waits for; null for none. */
  readonly signal: string | null
}
