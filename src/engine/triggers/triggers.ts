import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { Schedules } from './schedules.ts'
import { eventExecutionId, Starts } from './starts.ts'
import type { TriggerHost, TriggerView } from './trigger-host.ts'
import { TriggerSet } from './trigger-set.ts'

/**
 * The triggers of an engine: events start executions from the beginning on, schedules between `start` and
 * `close`.
 */
export class Triggers {
  readonly #host: TriggerHost
  readonly #starts: Starts
  readonly #schedules: Schedules
  #set: TriggerSet | null = null
  #isClosed = false

  constructor(host: TriggerHost) {
    this.#host = host
    this.#starts = new Starts(host)
    this.#schedules = new Schedules(host, this.#starts)
  }

  /**
   * Arms the schedules, and starts at once what was due within the last hour and has no execution.
   *
   * @throws RefusedError once closed
   */
  start(): void {
    this.#refuseWhenClosed()
    this.#triggers()
    this.#schedules.start()
  }

  /**
   * Hands an event to the triggers of its type; resolves when what it starts is durable. A repeat, by
   * `source` and `id`, starts nothing, also while the first delivery is under way.
   *
   * @returns the ids of the executions that this delivery started, by workflow and trigger
   * @throws RefusedError once closed; InputError for what is no event; ResourceExhaustionError when admission refused a start, and
   *   whatever else failed for the moment, after every trigger was tried: deliver the event again
   */
  async deliver(event: CloudEvent): Promise<readonly string[]> {
    this.#refuseWhenClosed()
    const read = readCloudEvent(event)
    const scope = { event: read as unknown as JsonObject, tda: this.#host.tda() }
    const firings = await Promise.allSettled(
      this.#triggers()
        .ofType(read.type)
        .map(async (trigger) => {
          const executionId = eventExecutionId(trigger.prefix, read)
          const firing = await this.#starts.fire(trigger, executionId, scope)
          return firing === 'started' ? [executionId] : []
        }),
    )
    const failed = firings.find((firing) => firing.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return firings.flatMap((firing) => (firing.status === 'fulfilled' ? firing.value : []))
  }

  /** Reads the registry again, after a document was added. */
  refresh(): void {
    if (this.#isClosed) return
    const before = this.#set
    const set = new TriggerSet(this.#host.registry(), before)
    this.#set = set
    const known = new Set(before?.faulty)
    for (const faulty of set.faulty) {
      if (known.has(faulty)) continue
      const { ref, fault } = faulty
      this.#host.logger.log('error', 'a trigger cannot be armed', {
        workflow: ref.workflow,
        version: ref.version,
        trigger: ref.index,
        error: fault,
      })
    }
    this.#schedules.replace(set.schedules)
  }

  /** Every trigger of the highest version of each workflow, by workflow and trigger. */
  describe(): readonly TriggerView[] {
    return this.#triggers().describe(this.#host.clock.nowMs())
  }

  /** Disarms the schedules, takes no more events and waits for the starts that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#schedules.stop()
    await this.#starts.settled()
  }

  /** Compiled when first needed: a process that fires nothing pays nothing. */
  #triggers(): TriggerSet {
    if (this.#set === null) this.refresh()
    return this.#set ?? new TriggerSet([])
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new OrchestrationError('RefusedError', 'the triggers are closed')
  }
}
