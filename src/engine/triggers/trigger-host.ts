import type { Clock } from '../../core/clock.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'

/** A document of the registry, and when it was first accepted there. */
export interface RegisteredDocument {
  readonly name: string
  readonly version: string
  /** The same object each time, so that what was compiled from it is found again. */
  readonly document: WorkflowDocument
  readonly registeredAtMs: number
}

/** What triggers need of the engine around them. */
export interface TriggerHost {
  readonly clock: Clock
  readonly logger: Logger
  /** Every version of every known workflow, in any order. */
  registry(): readonly RegisteredDocument[]
  /** The TDA context in force, for expressions. */
  tda(): TdaContext
  /** Whether the execution was ever started, also when only its tombstone is left. */
  exists(executionId: string): boolean
  /** Ids of executions that have not ended and begin with `prefix`; those of sub-workflows may be among them. */
  openIds(prefix: string): readonly string[]
  /**
   * Starts an execution and resolves when the start is durable. An id that exists is `existed`, whatever
   * its document and input, and nothing is started. `event` is what started it; null for a schedule.
   *
   * @throws InputError, FeatureDisabledError: nothing will ever come of this start; ResourceExhaustionError
   *   (retryable): not now
   */
  start(
    document: WorkflowDocument,
    input: JsonObject,
    cause: { readonly executionId: string; readonly event: JsonObject | null },
  ): Promise<'started' | 'existed'>
  /** A trigger fired, but nothing could be started, and trying again would not help. For metrics. */
  onRefused?(trigger: TriggerRef, error: OrchestrationError): void
  /** A scheduled time was left out. For metrics. */
  onSkipped?(trigger: TriggerRef, skipped: SkippedTime): void
}

/** Names one trigger of one version of a workflow. */
export interface TriggerRef {
  readonly workflow: string
  readonly version: string
  /** Its place in the document's `triggers`, from 0. */
  readonly index: number
}

export interface SkippedTime {
  readonly scheduledMs: number
  /** `running`: an execution of the trigger was still open; `late`: nobody was there within `catchUpMsMax`. */
  readonly reason: 'running' | 'late'
}

/** A trigger as `serve` prints it and `/v1/workflows` shows it. No key is absent. */
export interface TriggerView extends TriggerRef {
  readonly kind: 'event' | 'schedule'
  /** The CloudEvents type; null for a schedule. */
  readonly event: string | null
  readonly when: string | null
  /** The cron pattern; null for an event. */
  readonly schedule: string | null
  readonly timezone: string | null
  /** When the schedule comes due next; null for an event, or when it never does. */
  readonly nextMs: number | null
  /** Why the trigger does not fire; null when it does. */
  readonly fault: string | null
}
