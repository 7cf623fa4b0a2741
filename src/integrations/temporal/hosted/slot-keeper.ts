import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { Slots } from '../../../engine/hosted.ts'
import type { Activities, SlotAsked, SlotMessage, SlotsKept } from '../wire.ts'
import { keeperSignal, slotSignal } from './messages.ts'

/** So long a key that nobody asks for is kept in memory. */
const idleMs = 30_000
/** How often it is looked whether those who hold places are still there, while others wait. */
const lookMs = 15_000
/** How long a worker may take to find out. */
const answerTimeoutMs = 30_000

/**
 * The places under one key of `concurrency`, for all executions of an installation: a workflow of Temporal that
 * executions ask and tell by signals. It ends when nobody has asked for a while, and begins anew with the next
 * who asks.
 */
export async function auraSlots(earlier: SlotsKept): Promise<void> {
  const keeper = new SlotKeeper(earlier)
  setHandler(keeperSignal, (messages) => keeper.hear(messages))
  for (;;) {
    if (keeper.isIdle) {
      if (!(await condition(() => !keeper.isIdle, idleMs)) && keeper.isIdle) return
    } else if (workflowInfo().continueAsNewSuggested) {
      await condition(() => keeper.isQuiet)
      await continueAsNew<typeof auraSlots>(keeper.kept)
    } else await keeper.rest()
  }
}

interface Asking {
  readonly asked: SlotAsked
  readonly grant: () => void
}

class SlotKeeper {
  readonly #slots = new Slots(() => false)
  readonly #holding = new Map<string, SlotAsked>()
  readonly #waiting = new Map<string, Asking>()
  readonly #here = proxyLocalActivities<Activities>({ startToCloseTimeout: answerTimeoutMs })
  #telling = 0
  #asks = 0

  constructor({ holding, waiting }: SlotsKept) {
    for (const asked of holding) {
      this.#slots.acquire(asked.slot, () => {}, turnOf(asked, 0))
      this.#holding.set(asked.id, asked)
    }
    for (const asked of waiting) this.#queue(asked)
  }

  get kept(): SlotsKept {
    const waiting = [...this.#waiting.values()].map(({ asked }) => asked)
    return { holding: [...this.#holding.values()], waiting }
  }

  get isIdle(): boolean {
    return this.#holding.size + this.#waiting.size === 0 && this.isQuiet
  }

  /** Everybody knows what became of what they asked for. */
  get isQuiet(): boolean {
    return this.#telling === 0
  }

  hear(messages: readonly SlotMessage[]): void {
    for (const message of messages) {
      if (message.kind === 'ask') this.#ask(message)
      else this.#leave(message.id)
    }
  }

  #ask(asked: SlotAsked): void {
    // Whoever asks twice has not heard the answer.
    if (this.#waiting.has(asked.id)) return
    if (this.#holding.has(asked.id)) return this.#tell(asked, 'granted')
    const answer = this.#queue(asked)
    if (answer === 'granted') this.#granted(asked)
    else if (answer === 'full') this.#tell(asked, 'full')
  }

  /** Gives a place back, or waits for one no longer. */
  #leave(id: string): void {
    const waiting = this.#waiting.get(id)
    const holding = this.#holding.get(id)
    this.#waiting.delete(id)
    this.#holding.delete(id)
    if (waiting !== undefined) this.#slots.release(waiting.asked.slot, waiting.grant)
    else if (holding !== undefined) this.#slots.release(holding.slot)
  }

  /** Until nobody is left or the history has become long; meanwhile it looks whether who holds a place is still there. */
  async rest(): Promise<void> {
    const isOver = (): boolean => this.isIdle || workflowInfo().continueAsNewSuggested
    if ((await condition(isOver, lookMs)) || this.#waiting.size === 0) return
    const executions = new Set([...this.#holding.values()].map(({ executionId }) => executionId))
    const gone = await this.#here.endedOf([...executions])
    for (const { id, executionId } of Array.from(this.#holding.values()))
      if (gone.includes(executionId)) this.#leave(id)
  }

  #queue(asked: SlotAsked): 'granted' | 'queued' | 'full' {
    const grant = (): void => {
      this.#waiting.delete(asked.id)
      this.#granted(asked)
    }
    const answer = this.#slots.acquire(asked.slot, grant, turnOf(asked, this.#asks++))
    if (answer === 'queued') this.#waiting.set(asked.id, { asked, grant })
    return answer
  }

  #granted(asked: SlotAsked): void {
    this.#holding.set(asked.id, asked)
    this.#tell(asked, 'granted')
  }

  #tell({ id, executionId, slot: { key } }: SlotAsked, answer: 'granted' | 'full'): void {
    this.#telling++
    getExternalWorkflowHandle(executionId)
      .signal(slotSignal, { id, key, answer })
      // An execution that is gone holds nothing.
      .catch(() => this.#leave(id))
      .finally(() => void this.#telling--)
  }
}

function turnOf(
  { owner }: SlotAsked,
  age: number,
): { readonly owner: string; readonly age: number } {
  return { owner, age }
}
