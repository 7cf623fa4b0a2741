import type { LogEntry } from '../engine/index.ts'
import { entryFrame, frame } from './event-frame.ts'
import type { FrameSink } from './event-sink.ts'
import type { Follower } from './streams.ts'

/** Sends the events of all executions as they happen; nothing of the past, so nothing to resume. */
export class LiveFollower implements Follower {
  #sink: FrameSink | null = null

  /** To be called in the turn in which it was told to `Streams`. */
  begin(sink: FrameSink): void {
    this.#sink = sink
  }

  take(entry: LogEntry): void {
    this.#sink?.send(entryFrame(entry, false))
  }

  bye(): void {
    this.#sink?.end(frame('bye', '{"reason":"the server goes down"}'))
  }
}
