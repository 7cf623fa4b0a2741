import type { CallState } from './state.ts'

/**
 * The calls of an execution that have not ended, oldest first. A linked list through the calls
 * themselves: adding and removing cost nothing, which is what most calls are about. While it is gone
 * through, the call at hand may be removed, no other, and any number added.
 */
export class LiveCalls {
  #first: CallState | null = null
  #last: CallState | null = null
  size = 0

  add(call: CallState): void {
    call.before = this.#last
    if (this.#last === null) this.#first = call
    else this.#last.after = call
    this.#last = call
    this.size++
  }

  remove(call: CallState): void {
    if (call.before === null) this.#first = call.after
    else call.before.after = call.after
    if (call.after === null) this.#last = call.before
    else call.after.before = call.before
    call.before = null
    call.after = null
    this.size--
  }

  *[Symbol.iterator](): Generator<CallState, void> {
    for (let call = this.#first; call !== null;) {
      const next: CallState | null = call.after
      yield call
      call = next
    }
  }
}
