import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { systemClock } from '../../../core/clock.ts'
import type { CallRef, Stimulus, Timer } from '../../../workflow/index.ts'

/** The kernel's timers as Temporal's: one for each call, and one for the execution itself. */
export class HostedTimers {
  readonly #armed = new Map<
    CallRef | null,
    { readonly timer: Timer; readonly scope: CancellationScope }
  >()
  readonly #parent: CancellationScope
  readonly #stimulate: (stimulus: Stimulus) => void

  constructor(parent: CancellationScope, stimulate: (stimulus: Stimulus) => void) {
    this.#parent = parent
    this.#stimulate = stimulate
  }

  /** Takes the place of an earlier one of the same call. */
  arm(timer: Timer): void {
    this.#drop(timer.call)
    const scope = new CancellationScope({ cancellable: true, parent: this.#parent })
    this.#armed.set(timer.call, { timer, scope })
    const delayMs = Math.max(1, timer.dueAtMs - systemClock.nowMs())
    scope
      .run(() => sleep(delayMs))
      .then(
        () => {
          this.#armed.delete(timer.call)
          this.#stimulate({ kind: 'timer', timer })
        },
        (thrown: unknown) => {
          if (!isCancellation(thrown)) throw thrown
        },
      )
  }

  disarm({ call, dueAtMs }: Timer): void {
    if (this.#armed.get(call)?.timer.dueAtMs === dueAtMs) this.#drop(call)
  }

  #drop(call: CallRef | null): void {
    this.#armed.get(call)?.scope.cancel()
    this.#armed.delete(call)
  }
}
