type Enter = (answer: 'granted') => void

/**
 * Lets calls run together, or one of them with nothing else running. A call that must be alone waits
 * until the others have ended; whoever comes meanwhile waits behind it.
 */
export class AloneGate {
  #inside = 0
  #isAloneInside = false
  #isLettingIn = false
  readonly #queue: { readonly alone: boolean; readonly enter: Enter }[] = []

  /** True when the call is inside now; else `enter` is called when it is. */
  enter(alone: boolean, enter: Enter): boolean {
    if (this.#queue.length === 0 && this.#admits(alone)) {
      this.#take(alone)
      return true
    }
    this.#queue.push({ alone, enter })
    return false
  }

  leave(): void {
    this.#inside--
    this.#isAloneInside = false
    this.#letIn()
  }

  /** One after the other, also where each leaves again at once: thousands may wait. */
  #letIn(): void {
    if (this.#isLettingIn) return
    this.#isLettingIn = true
    try {
      for (;;) {
        const next = this.#queue[0]
        if (next === undefined || !this.#admits(next.alone)) return
        this.#queue.shift()
        this.#take(next.alone)
        next.enter('granted')
      }
    } finally {
      this.#isLettingIn = false
    }
  }

  /** Takes a waiting call out; false when it does not wait. */
  cancel(enter: Enter): boolean {
    const place = this.#queue.findIndex((waiting) => waiting.enter === enter)
    if (place < 0) return false
    this.#queue.splice(place, 1)
    this.#letIn()
    return true
  }

  #admits(alone: boolean): boolean {
    return alone ? this.#inside === 0 : !this.#isAloneInside
  }

  #take(alone: boolean): void {
    this.#inside++
    this.#isAloneInside = alone
  }
}
