import type { ServerResponse } from 'node:http'
import type { Clock } from '../core/clock.ts'
import { ResourceExhaustionError } from '../core/errors.ts'
import { frame } from './event-frame.ts'
import { problemDetails } from './problem-details.ts'
import { serverLimits } from './server-limits.ts'

/** What somebody who sends events needs of a connection. */
export type FrameSink = Pick<EventSink, 'isEnded' | 'send' | 'drained' | 'end'>

export interface EventSinkOptions {
  readonly response: ServerResponse
  readonly clock: Clock
  readonly requestId: string
  /** Called once, when the connection is gone. */
  onClosed(): void
}

/**
 * One follower's connection. What the follower has not read yet waits here, up to
 * `streamCharactersMax`; whoever is further behind is told so and dropped, and may come back with its
 * last event id.
 */
export class EventSink {
  readonly #response: ServerResponse
  readonly #clock: Clock
  readonly #onClosed: () => void
  #waiting = ''
  /** The socket's own buffer is full. */
  #isBlocked = false
  #isEnded = false
  #onDrained: (() => void)[] = []
  #cancelTimer: () => void = () => {}

  constructor(options: EventSinkOptions) {
    const { response, requestId } = options
    this.#response = response
    this.#clock = options.clock
    this.#onClosed = () => options.onClosed()
    response.on('close', () => this.#closed())
    response.on('drain', () => this.#drained())
    response.on('error', () => {}) // 'close' follows and says the same
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': requestId,
    })
    response.flushHeaders()
    if (response.destroyed) this.#closed()
    else this.#beat()
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Sends now or as soon as the follower has read what it has; drops a follower who is too far behind. */
  send(text: string): void {
    if (this.#isEnded) return
    if (!this.#isBlocked) {
      this.#isBlocked = !this.#response.write(text)
      return
    }
    this.#waiting += text
    if (this.#waiting.length <= serverLimits.streamCharactersMax) return
    this.#waiting = ''
    const { streamCharactersMax } = serverLimits
    const error = new ResourceExhaustionError(
      `the follower is more than streamCharactersMax, ${streamCharactersMax} characters, behind`,
      { retryable: true, hint: 'go on with the id of the last event that was received' },
    )
    this.end(frame('dropped', JSON.stringify(problemDetails(error.toJSON()))))
  }

  /** Resolves when the follower has read enough to be sent more, or is gone. */
  async drained(): Promise<void> {
    if (!this.#isBlocked || this.#isEnded) return
    await new Promise<void>((resolve) => this.#onDrained.push(resolve))
  }

  /** Says a last thing and hangs up, at the latest when the follower has not read it for 2 s. */
  end(text: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(serverLimits.closeMsMax, () => this.#response.destroy())
    this.#response.end(this.#waiting + text)
    this.#release()
  }

  #beat(): void {
    this.#cancelTimer = this.#clock.after(serverLimits.heartbeatMs, () => {
      // Whoever still has something to read needs no sign of life.
      if (!this.#isBlocked) this.send(': heartbeat\n\n')
      if (!this.#isEnded) this.#beat()
    })
  }

  #drained(): void {
    this.#isBlocked = false
    const text = this.#waiting
    this.#waiting = ''
    if (text !== '') this.send(text)
    if (!this.#isBlocked) this.#release()
  }

  #closed(): void {
    this.#isEnded = true
    this.#waiting = ''
    this.#cancelTimer()
    this.#release()
    this.#onClosed()
  }

  #release(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve()
  }
}
