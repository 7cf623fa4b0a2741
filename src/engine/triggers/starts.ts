import { createHash } from 'node:crypto'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { type ErrorCode, isOrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { expectBool, type Scope } from '../../workflow/index.ts'
import type { TriggerHost } from './trigger-host.ts'
import type { Trigger } from './trigger-set.ts'

/** What came of one firing. `unwanted`: the trigger's `when` is false; `refused`: told to `onRefused`. */
export type Firing = 'started' | 'existed' | 'unwanted' | 'refused'

/** Errors of a start that will be the same however often it is tried. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'ExpressionError',
  'ExpressionLimitError',
  'InputError',
  'DocumentError',
  'FeatureDisabledError',
  'ResourceExhaustionError',
])

/**
 * Starts executions for triggers, each id once: a firing whose start is under way is joined, one whose
 * execution exists is dropped.
 */
export class Starts {
  readonly #host: TriggerHost
  readonly #underWay = new Map<string, Promise<Firing>>()

  constructor(host: TriggerHost) {
    this.#host = host
  }

  /** Whether the start is under way or was made. */
  isKnown(executionId: string): boolean {
    return this.#underWay.has(executionId) || this.#host.exists(executionId)
  }

  /** Whether a start of an id that begins with `prefix` is under way. */
  isStarting(prefix: string): boolean {
    for (const executionId of this.#underWay.keys()) if (executionId.startsWith(prefix)) return true
    return false
  }

  /**
   * Fires a trigger; resolves when what it starts is durable.
   *
   * @throws ResourceExhaustionError of admission, and whatever else may go away by itself
   */
  async fire(trigger: Trigger, executionId: string, scope: Scope): Promise<Firing> {
    const joined = this.#underWay.get(executionId)
    if (joined !== undefined) {
      const firing = await joined
      return firing === 'started' ? 'existed' : firing
    }
    if (this.#host.exists(executionId)) return 'existed'
    const firing = this.#start(trigger, executionId, scope)
    this.#underWay.set(executionId, firing)
    try {
      return await firing
    } finally {
      this.#underWay.delete(executionId)
    }
  }

  /** Resolves when no start is under way any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.values())
  }

  async #start(trigger: Trigger, executionId: string, scope: Scope): Promise<Firing> {
    const { workflow, version, index } = trigger
    try {
      if (trigger.kind === 'event' && trigger.when !== null) {
        const isWanted = expectBool(trigger.when.evaluate(scope), "the trigger's when")
        if (!isWanted) return 'unwanted'
      }
      const input = trigger.input.evaluate(scope) as JsonObject
      const { event = null } = scope
      return await this.#host.start(trigger.document, input, { executionId, event })
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || thrown.retryable || !finalCodes.has(thrown.code))
        throw thrown
      const { code, message } = thrown
      this.#host.logger.log('warn', 'a trigger fired, but nothing could be started', {
        executionId,
        workflow,
        version,
        trigger: index,
        code,
        error: message,
      })
      this.#host.onRefused?.({ workflow, version, index }, thrown)
      return 'refused'
    }
  }
}

/** The id of the execution that an event starts: the same event gives the same id. */
export function eventExecutionId(prefix: string, { source, id }: CloudEvent): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex')
  return `${prefix}${digest.slice(0, 16)}`
}
