import { type Clock, systemClock } from '../core/clock.ts'
import type { CloudEvent, EventSource } from '../core/contracts/events.ts'
import { OrchestrationError } from '../core/errors.ts'
import { type Reaction, Reactor } from './reactor.ts'

/** What is done about events, by type; `order.*` is every type that begins so. */
export interface EventHandlers {
  readonly [type: string]: Reaction | ((event: CloudEvent) => unknown)
}

/** Reactions that are in force until they are stopped. */
export interface ReactionSubscription {
  /** Takes nothing more, gives back what waits, and resolves when no handler runs. Again does nothing. */
  stop(): Promise<void>
}

/**
 * Agents react to events: by type and condition, after a burst, in order by key, so many at a time. An event
 * whose handler rejects goes back to its source; a repeat of one that was handled lately is dropped. In memory:
 * what must survive a crash is a trigger that starts a workflow.
 */
export class EventDrivenPattern {
  readonly #source: EventSource
  readonly #clock: Clock

  /** @param options `clock` is for debouncing; default the computer's */
  constructor(source: EventSource, options: { readonly clock?: Clock } = {}) {
    this.#source = source
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Resolves when every handler hears its events.
   *
   * @throws InputError for a `maxConcurrent` or `debounceMs` that is no such number, and what the source refuses;
   *   then no handler hears anything
   * @example
   * const subscription = await new EventDrivenPattern(mesh).reactiveCoordination({
   *   'order.*': { key: ({ subject }) => subject ?? '', handle: (event) => book(event.data) },
   *   'tda.anomaly.detected': { debounceMs: 5_000, handle: (event) => decide(event.data) },
   * })
   * await subscription.stop()
   */
  async reactiveCoordination(handlers: EventHandlers): Promise<ReactionSubscription> {
    const reactions = Object.entries(handlers).map(([type, handler]): [string, Reactor] => {
      const reaction = typeof handler === 'function' ? { handle: handler } : handler
      checkReaction(type, reaction)
      return [type, new Reactor(reaction, this.#clock)]
    })
    const subscriptions: { stop(): Promise<void> }[] = []
    const stop = async (): Promise<void> => {
      for (const [, reactor] of reactions) reactor.stop()
      await Promise.all(subscriptions.splice(0).map((one) => one.stop()))
    }
    try {
      for (const [type, reactor] of reactions)
        subscriptions.push(await this.#source.subscribe(type, (event) => reactor.accept(event)))
    } catch (thrown) {
      await stop()
      throw thrown
    }
    return { stop }
  }
}

function checkReaction(type: string, { maxConcurrent = 1, debounceMs = 0 }: Reaction): void {
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
    throw refusal(type, 'maxConcurrent', `a whole number from 1, not ${maxConcurrent}`)
  if (!Number.isFinite(debounceMs) || debounceMs < 0)
    throw refusal(type, 'debounceMs', `milliseconds of 0 or more, not ${debounceMs}`)
}

function refusal(type: string, field: string, expected: string): OrchestrationError {
  return new OrchestrationError(
    'InputError',
    `${field} of the reaction to '${type}' is ${expected}`,
  )
}
