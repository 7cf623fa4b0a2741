import type { Verdict } from '../agents/index.ts'
import { ResourceExhaustionError, type ErrorJson } from '../core/errors.ts'
import type { RefusalReason } from '../workflow/index.ts'
import { AloneGate } from './alone-gate.ts'
import type { Place } from './place.ts'
import { slotFull, Slots } from './slots.ts'

/** What becomes of a request for a place. */
export interface PlaceListener {
  /** The place is held. */
  held(place: Place): void
  /** The place is not given and not waited for. */
  refused(place: Place, refusal: Refusal): void
}

/** `leftOut`: the step says that a call for which there is no room is not made. */
export type Refusal =
  | { readonly kind: 'leftOut' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly error: ErrorJson }

/**
 * The one way to an agent. A call takes a place under its step's `concurrency`, then one in its agent's pool
 * together with the right to run beside others. Who waits for one of these two holds neither, so that a call that
 * is made inside another one, which needs no right, finds in the pool only such as run. Nobody waits in a circle.
 */
export class Places {
  readonly #slots: Slots
  readonly #gate = new AloneGate()

  /** @param isFull as for `AgentPool` */
  constructor(isFull: () => boolean) {
    this.#slots = new Slots(isFull)
  }

  /** Keys of `concurrency` under which somebody holds or waits. */
  get slots(): number {
    return this.#slots.size
  }

  /** Asks for everything that the call needs before it may start. */
  take(place: Place, listener: PlaceListener): void {
    const { slot } = place
    if (slot === null) return this.#toGate(place, listener)
    place.stage = 'slotted'
    const answer = this.#slots.acquire(slot, place.grant, place.turn)
    if (answer === 'granted') return this.#toGate(place, listener)
    if (answer === 'queued') return
    if (slot.onFull === 'skip') return listener.refused(place, { kind: 'leftOut' })
    const error = slotFull(slot).toJSON()
    listener.refused(place, { kind: 'refused', reason: 'concurrency', error })
  }

  /** What the place waited for was granted, or is not to be had any more. */
  granted(place: Place, listener: PlaceListener, answer: 'granted' | 'open' = 'granted'): void {
    if (answer === 'open') return this.#refused(place, listener, answer)
    if (place.stage === 'slotted') return this.#toGate(place, listener)
    if (place.stage === 'gated') return this.#toPool(place, listener)
    if (this.#enters(place)) return this.#hold(place, listener)
    if (!place.isReentrant) place.agent.pool.release('none')
    place.stage = 'gated'
  }

  /**
   * Gives back what the place holds, and waits no longer.
   *
   * @param verdict what the call says of its agent; default nothing
   */
  leave(place: Place, verdict: Verdict = 'none'): void {
    const { agent, stage, slot, grant } = place
    if (!place.isReentrant) {
      if (stage === 'pooled') agent.pool.cancel(grant)
      else if (stage === 'held') agent.pool.release(verdict)
    }
    if (!place.isNested) {
      if (stage === 'held') this.#gate.leave()
      else if (stage === 'gated') this.#gate.cancel(grant)
    }
    if (slot !== null) this.#slots.release(slot, stage === 'slotted' ? grant : null)
  }

  #toGate(place: Place, listener: PlaceListener): void {
    place.stage = 'gated'
    if (this.#enters(place)) this.#toPool(place, listener)
  }

  /** Whether it may run beside the others now; else it is told when it may. */
  #enters({ isNested, alone, grant }: Place): boolean {
    return isNested || this.#gate.enter(alone, grant)
  }

  /** The right to run is given back for as long as the place in the pool is waited for. */
  #toPool(place: Place, listener: PlaceListener): void {
    const { agent, grant, turn, isReentrant, isNested } = place
    const answer = isReentrant ? 'granted' : agent.pool.acquire(grant, turn)
    if (answer === 'granted') return this.#hold(place, listener)
    place.stage = 'pooled'
    if (!isNested) this.#gate.leave()
    if (answer !== 'queued') this.#refused(place, listener, answer)
  }

  #hold(place: Place, listener: PlaceListener): void {
    place.stage = 'held'
    listener.held(place)
  }

  #refused(place: Place, listener: PlaceListener, why: 'full' | 'open'): void {
    const { slot, agent } = place
    if (slot !== null) this.#slots.release(slot)
    const { breaker } = agent.pool
    const refusal =
      why === 'open' && breaker !== null
        ? ({ reason: 'breaker', error: breaker.refusal() } as const)
        : ({ reason: 'pool', error: poolFull(place).toJSON() } as const)
    listener.refused(place, { kind: 'refused', ...refusal })
  }
}

function poolFull({ contract }: Place): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `the queue of agent '${contract.agentId}' is full (resourceLimits.queueMax)`,
    {
      retryable: true,
      hint: 'raise queueMax or maxConcurrent of the agent, or start less at once',
    },
  )
}
