import { invariant } from '../core/assert.ts'
import type { LogEntry } from '../engine/index.ts'
import { entryFrame, frame } from './event-frame.ts'
import type { FrameSink } from './event-sink.ts'
import type { Follower } from './streams.ts'

/** Where a follower reads what is recorded and whether the execution has ended. */
export interface RecordedExecution {
  log(afterSeq: number): readonly LogEntry[] | Promise<readonly LogEntry[]>
  /** How the execution stands. */
  status(): Promise<string>
}

const ends: ReadonlySet<string> = new Set([
  'ExecutionCompleted',
  'ExecutionFailed',
  'ExecutionCancelled',
])
const endedStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

/**
 * Sends one follower every event of one execution exactly once, in order.
 *
 * reading: what is recorded is read and sent as fast as the follower takes it; of what happens meanwhile
 * only the highest number is kept, since it can be read. Once nothing is left to read → live: an event is
 * sent as it happens. A gap, or an event that ends an execution, → reading. The execution has ended and
 * everything was sent → over. (A failed execution may be redriven: only its status says that it is over.)
 */
export class ExecutionFollower implements Follower {
  readonly #executionId: string
  readonly #record: RecordedExecution
  /** Number of the last event that was sent, or that the follower has from before. */
  #last: number
  /** Highest number that is known to be recorded. */
  #newest = 0
  #sink: FrameSink | null = null
  /** Ends the live phase; null while reading. */
  #goBack: (() => void) | null = null
  #isSentAway = false

  constructor(executionId: string, record: RecordedExecution) {
    this.#executionId = executionId
    this.#record = record
    this.#last = 0
  }

  /**
   * Reads what is to be sent first. To be called after it was told to `Streams`.
   *
   * @param afterSeq the last event that the follower has; one that was never recorded counts as 0
   * @throws NotFoundError
   */
  async begin(afterSeq: number): Promise<readonly LogEntry[]> {
    // Read from one before, so that it shows whether the follower's last event is one of this execution.
    const entries = await this.#record.log(Math.max(0, afterSeq - 1))
    if (afterSeq === 0 || entries.some(({ seq }) => seq === afterSeq)) {
      this.#last = afterSeq
      return entries
    }
    return this.#record.log(0)
  }

  /** Sends until the execution has ended or the follower is gone. @throws whatever reading throws */
  async run(sink: FrameSink, first: readonly LogEntry[]): Promise<void> {
    this.#sink = sink
    if (this.#isSentAway) this.bye()
    await this.#sendAll(sink, first)
    for (;;) {
      await this.#catchUp(sink)
      if (sink.isEnded) return
      const status = await this.#record.status()
      if (sink.isEnded) return
      if (this.#newest > this.#last) continue
      if (endedStatuses.has(status)) {
        // What ended it may be recorded and not told yet.
        const before = this.#last
        await this.#sendAll(sink, await this.#record.log(before))
        if (this.#last > before) continue
        sink.end(frame('end', JSON.stringify({ executionId: this.#executionId, status })))
        return
      }
      await new Promise<void>((resolve) => {
        this.#goBack = resolve
      })
    }
  }

  take(entry: LogEntry): void {
    this.#newest = Math.max(this.#newest, entry.seq)
    const sink = this.#sink
    if (this.#goBack === null || sink === null || entry.seq <= this.#last) return
    if (entry.seq > this.#last + 1) return this.#leaveLive()
    this.#last = entry.seq
    sink.send(entryFrame(entry, true))
    if (ends.has(entry.event.kind)) this.#leaveLive()
  }

  bye(): void {
    this.#isSentAway = true
    this.#sink?.end(frame('bye', '{"reason":"the server goes down"}'))
    this.#leaveLive()
  }

  /** The connection is gone. */
  gone(): void {
    this.#leaveLive()
  }

  #leaveLive(): void {
    this.#goBack?.()
    this.#goBack = null
  }

  async #catchUp(sink: FrameSink): Promise<void> {
    while (this.#newest > this.#last && !sink.isEnded) {
      const before = this.#last
      await this.#sendAll(sink, await this.#record.log(before))
      invariant(
        this.#last > before || sink.isEnded,
        `event ${this.#newest} of '${this.#executionId}' was told and is not recorded`,
      )
    }
  }

  async #sendAll(sink: FrameSink, entries: readonly LogEntry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.seq <= this.#last) continue
      if (sink.isEnded) return
      this.#last = entry.seq
      sink.send(entryFrame(entry, true))
      await sink.drained()
    }
  }
}
