import type { Verdict } from '../agents/index.ts'
import { ResourceExhaustionError, type ErrorJson } from '../core/errors.ts'
import type { RefusalReason } from '../workflow/index.ts'
import { AloneGate } from './alone-gate.ts'
import type { Place } from './place.ts'
import { Slots } from './slots.ts'

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
 * The one way to an agent. A call takes, in this order, a place under its step's `concurrency`, one in its
 * agent's pool, and the right to run beside others; whoever waits holds nothing of what comes later, so
 * nobody waits in a circle. A call that is made inside another one does not wait for what that one holds.
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
    if (slot === null) return this.#toPool(place, listener)
    place.stage = 'slotted'
    const answer = this.#slots.acquire(slot, place.grant, place.turn)
    if (answer === 'granted') return this.#toPool(place, listener)
    if (answer === 'queued') return
    if (slot.onFull === 'skip') return listener.refused(place, { kind: 'leftOut' })
    const error = slotFull(slot).toJSON()
    listener.refused(place, { kind: 'refused', reason: 'concurrency', error })
  }

  /** What the place waited for was granted, or is not to be had any more. */
  granted(place: Place, listener: PlaceListener, answer: 'granted' | 'open' = 'granted'): void {
    if (answer === 'open') return this.#refused(place, listener, answer)
    if (place.stage === 'slotted') return this.#toPool(place, listener)
    if (place.stage === 'pooled') return this.#toGate(place, listener)
    place.stage = 'held'
    listener.held(place)
  }

  /**
   * Gives back what the place holds, and waits no longer.
   *
   * @param verdict what the call says of its agent; default nothing
   */
  leave(place: Place, verdict: Verdict = 'none'): void {
    const { agent, stage, slot, grant } = place
    if (!place.isNested) {
      if (stage === 'held') this.#gate.leave()
      else if (stage === 'gated') this.#gate.cancel(grant)
    }
    if (!place.isReentrant) {
      if (stage === 'pooled') agent.pool.cancel(grant)
      else if (stage !== 'slotted') agent.pool.release(verdict)
    }
    if (slot !== null) this.#slots.release(slot, stage === 'slotted' ? grant : null)
  }

  #toPool(place: Place, listener: PlaceListener): void {
    if (place.isReentrant) return this.#toGate(place, listener)
    place.stage = 'pooled'
    const { agent, grant, turn } = place
    const answer = agent.pool.acquire(grant, turn)
    if (answer === 'granted') return this.#toGate(place, listener)
    if (answer === 'queued') return
    this.#refused(place, listener, answer)
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

  #toGate(place: Place, listener: PlaceListener): void {
    place.stage = 'gated'
    if (place.isNested) return this.granted(place, listener)
    if (this.#gate.enter(place.alone, place.grant)) this.granted(place, listener)
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

function slotFull({ key, max, onFull }: NonNullable<Place['slot']>): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `concurrency: ${max} attempts run under key '${key}' (concurrency.max)`,
    {
      // One that waits was refused because too many wait: that passes.
      retryable: onFull === 'wait',
      hint: 'say `onFull: wait`, or raise concurrency.max',
    },
  )
}
