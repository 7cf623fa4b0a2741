import { ResourceExhaustionError } from '../core/errors.ts'
import type { Pressure } from '../core/heap-pressure.ts'
import type { JsonValue } from '../core/json.ts'
import type { Stimulus } from '../workflow/index.ts'
import { nothingIsRecorded } from './acceptance.ts'
import type { Executions } from './executions.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'

/** JSON of so many characters is taken also by a full process. */
const smallCharacters = 4_096

/** Applies verbs to executions, in memory or loaded for the verb alone, and waits until they are durable. */
export class Steering {
  readonly #executions: Executions
  readonly #runner: Runner
  readonly #pressure: Pressure

  /** @param pressure why the process is to take nothing more on; null when all is well */
  constructor(executions: Executions, runner: Runner, pressure: Pressure) {
    this.#pressure = pressure
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

  /** What adds much to an execution's memory is refused while the process is full. @throws ResourceExhaustionError */
  refuseWhenFull(value: JsonValue): void {
    const pressure = this.#pressure(true)
    // A small one may be what lets an execution end.
    if (pressure === null || JSON.stringify(value).length <= smallCharacters) return
    throw new ResourceExhaustionError(pressure, {
      retryable: true,
      hint: 'try again when some executions have ended, or give the process more memory',
    })
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
      if (!running.isDriven && running.holders === 0) this.#runner.letGo(running)
    }
  }
}
