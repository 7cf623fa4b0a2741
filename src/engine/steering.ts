import type { Stimulus } from '../workflow/index.ts'
import { nothingIsRecorded } from './acceptance.ts'
import type { Executions } from './executions.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'

/** Applies verbs to executions, in memory or loaded for the verb alone, and waits until they are durable. */
export class Steering {
  readonly #executions: Executions
  readonly #runner: Runner

  constructor(executions: Executions, runner: Runner) {
    this.#executions = executions
    this.#runner = runner
  }

  /** @returns whether the last stimulus changed something; null when the execution has ended */
  async steer(
    executionId: string,
    decide: (running: Running) => readonly Stimulus[],
  ): Promise<boolean | null> {
    this.refuseWhenStalled()
    const running = this.#executions.open(executionId)
    if (running === null || running.state.phase === 'ended') return null
    return this.apply(running, decide)
  }

  /** What cannot be recorded now is refused, and not taken with an answer that may never come. @throws ResourceExhaustionError */
  refuseWhenStalled(): void {
    const { stalled } = this.#runner.committer
    if (stalled !== null) throw nothingIsRecorded(stalled)
  }

  /** @returns whether the last stimulus changed something */
  apply(running: Running, decide: (running: Running) => readonly Stimulus[]): Promise<boolean> {
    return this.holding(running, async () => {
      let seqBefore = running.state.seq
      for (const stimulus of decide(running)) {
        seqBefore = running.state.seq
        this.#runner.stimulate(running, stimulus)
      }
      const isChanged = running.state.seq > seqBefore
      await this.#runner.flushed(running)
      return isChanged
    })
  }

  /** Keeps an execution that nobody drives in memory while something is done to it. */
  async holding<T>(running: Running, work: () => Promise<T>): Promise<T> {
    running.holders++
    try {
      return await work()
    } finally {
      running.holders--
      if (!running.isDriven && running.holders === 0 && !running.hasLeft) {
        this.#runner.leave(running)
        running.telemetry.ended('left', 0, null)
      }
    }
  }
}
