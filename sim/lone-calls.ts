/** Which calls run in one process beside which: one that was recorded as alone runs with nothing else. */
export class LoneCalls {
  readonly #fail: (property: string) => void
  readonly #running = new Set<{ readonly key: string; readonly isAlone: boolean }>()

  constructor(fail: (property: string) => void) {
    this.#fail = fail
  }

  /**
   * A call begins that is made inside no other one: those may always run beside the call that makes them.
   *
   * @returns what is to be called when it has ended
   */
  begin(key: string, isAlone: boolean): () => void {
    for (const other of this.#running) {
      if (other.isAlone) this.#fail(`loneRunsAlone (${other.key})`)
      else if (isAlone) this.#fail(`loneRunsAlone (${key})`)
    }
    const call = { key, isAlone }
    this.#running.add(call)
    return () => void this.#running.delete(call)
  }
}
