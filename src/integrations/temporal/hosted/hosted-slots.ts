import { proxyLocalActivities, uuid4 } from '@temporalio/workflow'
import type { CallRef, ExecutionState, Slot } from '../../../workflow/index.ts'
import type { Activities, SlotMessage, SlotTold } from '../wire.ts'

type Answer = SlotTold['answer'] | 'withdrawn'

/** A place that a call has. */
export interface HeldSlot {
  readonly id: string
  readonly key: string
}

interface Asked extends HeldSlot {
  readonly answer: (answer: Answer) => void
}

/** How long a worker may take to reach Temporal before it is tried again. */
const answerTimeoutMs = 10_000

/**
 * The places under keys of `concurrency` that calls of an execution hold or wait for. `auraSlots` keeps each key;
 * what it is told leaves in the order in which it was decided, and what was decided together leaves together.
 */
export class HostedSlots {
  readonly #state: ExecutionState
  /** Of calls that have not started. */
  readonly #of = new Map<CallRef, Asked>()
  readonly #here = proxyLocalActivities<Activities>({ startToCloseTimeout: answerTimeoutMs })
  #outbox: SlotMessage[] = []
  #isSending = false

  constructor(state: ExecutionState) {
    this.#state = state
  }

  /** Everything that keepers are to know has reached them. */
  get isTold(): boolean {
    return !this.#isSending
  }

  /** Waits for a place; one that is granted is to be left. `withdrawn`: it was left before. */
  async take(call: CallRef, slot: Slot): Promise<Answer> {
    const { executionId, tenant } = this.#state
    const { promise, resolve: answer } = Promise.withResolvers<Answer>()
    const id = uuid4()
    this.#of.set(call, { id, key: slot.key, answer })
    this.#send({ kind: 'ask', id, executionId, owner: tenant ?? executionId, slot })
    const told = await promise
    if (told === 'full') this.#of.delete(call)
    return told
  }

  /** A keeper has answered. What nobody waits for any more is given back: an earlier run may have asked for it. */
  told({ id, key, answer }: SlotTold): void {
    const asked = [...this.#of.values()].find((one) => one.id === id)
    if (asked !== undefined) asked.answer(answer)
    else if (answer === 'granted') this.giveBack({ id, key })
  }

  /** The call starts: its place is to be given back with it; null for none. */
  taken(call: CallRef): HeldSlot | null {
    const held = this.#of.get(call) ?? null
    this.#of.delete(call)
    return held
  }

  giveBack({ id, key }: HeldSlot): void {
    this.#send({ kind: 'leave', id, key })
  }

  /** The call does not start: it gives its place back, or waits for one no longer. */
  leave(call: CallRef): void {
    const asked = this.#of.get(call)
    if (asked === undefined) return
    this.#of.delete(call)
    asked.answer('withdrawn')
    this.giveBack(asked)
  }

  #send(message: SlotMessage): void {
    this.#outbox.push(message)
    if (this.#isSending) return
    this.#isSending = true
    void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    await Promise.resolve()
    while (this.#outbox.length > 0) await this.#here.tellKeepers(this.#outbox.splice(0))
    this.#isSending = false
  }
}
