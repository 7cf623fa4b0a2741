/**
 * Lets deliveries of all queues run together, but for those that are to run alone: these wait until nothing
 * runs, and while one waits or runs nothing else begins.
 */
export class AloneGate {
  #running = 0
  #isAloneRunning = false
  /** Who is to be woken when the gate opens; the first of those who want to be alone among them. */
  readonly #waiting = new Set<() => void>()
  #isAloneWanted = false

  /** Whether the delivery may begin; else `wake` is called when it is worth asking again. */
  enter(isAlone: boolean, wake: () => void): boolean {
    const isFree = isAlone ? this.#running === 0 : !this.#isAloneRunning && !this.#isAloneWanted
    if (!isFree) {
      if (isAlone) this.#isAloneWanted = true
      this.#waiting.add(wake)
      return false
    }
    this.#running++
    if (isAlone) {
      this.#isAloneRunning = true
      this.#isAloneWanted = false
    }
    return true
  }

  leave(): void {
    this.#running--
    if (this.#running > 0) return
    this.#isAloneRunning = false
    // Whoever wants to be alone asks again, and may find that it is not needed any more.
    this.#isAloneWanted = false
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }
}
