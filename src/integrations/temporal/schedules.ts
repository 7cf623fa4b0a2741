import { createHash } from 'node:crypto'
import type { ScheduleDescription, ScheduleOptionsStartWorkflowAction } from '@temporalio/client'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { silentLogger, type Logger } from '../../core/logger.ts'
import { type ScheduleTrigger, TriggerSet } from '../../engine/index.ts'
import type { WorkflowData, WorkflowDocument } from '../../workflow/index.ts'
import { calendarsOf } from './calendars.ts'
import { namesTda } from './reads-tda.ts'
import type { RemoteParts } from './remote-executions.ts'
import { temporalError } from './temporal-error.ts'
import { preparedStart, type StartParts } from './start.ts'
import { type ScheduledStart, scheduledStartType } from './wire.ts'

/** A document whose schedule triggers are to fire. */
export interface ScheduledDocument {
  readonly document: WorkflowDocument
  /** Where its sub-workflows are. */
  readonly workflows: readonly WorkflowData[]
}

export interface TemporalSchedulesParts extends RemoteParts {
  /** Default: what cannot be kept is not told. */
  readonly logger?: Logger
  /** What executions are started with. */
  readonly start: () => StartParts
}

/** A schedule of Temporal as it should be. */
interface Wanted {
  readonly trigger: ScheduleTrigger
  readonly asked: ScheduledStart
  readonly calendars: ReturnType<typeof calendarsOf>
  /** Of all that it is made of: another one means that it has changed. */
  readonly fingerprint: string
}

type Action = ScheduleOptionsStartWorkflowAction<(asked: ScheduledStart) => Promise<unknown>>

/**
 * The schedule triggers of an installation as Temporal's own schedules, one each, `<task queue>/<workflow>.<index>`
 * by name. They fire whether or not a process of ours is there; what they start waits for a worker. A time is
 * left out while the execution before it is open, and when nobody could start it for an hour.
 */
export class TemporalSchedules {
  readonly #of: TemporalSchedulesParts

  constructor(of: TemporalSchedulesParts) {
    this.#of = of
  }

  /**
   * Makes the schedules those of these documents, of each name the highest version: adds and changes what differs, and
   * removes those of the task queue that are no longer there. One that somebody has paused stays paused. A trigger
   * that Temporal cannot fire is logged, and the others are kept.
   *
   * @throws StorageError when Temporal does not answer
   */
  async keep(documents: readonly ScheduledDocument[]): Promise<void> {
    const wanted = this.#wanted(documents)
    try {
      for (const one of wanted.values()) await this.#keepOne(one)
      await this.#removeOthers(wanted)
    } catch (thrown) {
      const { module, address, taskQueue } = this.#of
      throw temporalError(module, thrown, { executionId: '', address, taskQueue })
    }
  }

  #wanted(documents: readonly ScheduledDocument[]): ReadonlyMap<string, Wanted> {
    const rows = documents.map(({ document }) => {
      const { name, version } = document
      return { name, version, document, registeredAtMs: 0 }
    })
    const { schedules, faulty } = new TriggerSet(rows)
    for (const { ref, fault } of faulty) this.#cannot(ref, fault)
    const wanted = new Map<string, Wanted>()
    for (const trigger of schedules) {
      const found = documents.find(({ document }) => document === trigger.document)
      try {
        wanted.set(this.#idOf(trigger), this.#one(trigger, found?.workflows ?? []))
      } catch (thrown) {
        this.#cannot(trigger, messageOf(thrown))
      }
    }
    return wanted
  }

  /** @throws RefusedError, DocumentError: Temporal cannot fire it */
  #one(trigger: ScheduleTrigger, workflows: readonly WorkflowData[]): Wanted {
    const { document, index, prefix, schedule } = trigger
    if (document.featureFlags.length > 0) throw flagged(document)
    const input = document.triggers[index]?.input ?? {}
    const { taskQueue, taskQueues } = this.#of
    const parts = this.#of.start()
    const asked = {
      prefix,
      input,
      inputReadsTda: namesTda(input),
      lateMsMax: limits.catchUpMsMax,
      start: preparedStart(parts.definitions.ofDocument(document), workflows, parts),
      taskQueues: taskQueues?.all ?? [taskQueue],
    }
    const calendars = calendarsOf(schedule.pattern)
    const all = JSON.stringify([asked, calendars, schedule.timezone])
    const fingerprint = createHash('sha256').update(all).digest('hex')
    return { trigger, asked, calendars, fingerprint }
  }

  async #keepOne(wanted: Wanted): Promise<void> {
    const { client, module } = this.#of
    const scheduleId = this.#idOf(wanted.trigger)
    const options = this.#options(wanted)
    try {
      await client.schedule.create({ scheduleId, ...options })
    } catch (thrown) {
      if (!(thrown instanceof module.ScheduleAlreadyRunning)) throw thrown
      const handle = client.schedule.getHandle(scheduleId)
      if (fingerprintOf(await handle.describe()) === wanted.fingerprint) return
      await handle.update(({ state }) => ({ ...options, state }))
    }
  }

  #options({ trigger, asked, calendars, fingerprint }: Wanted) {
    const { workflow, version, prefix, schedule } = trigger
    const { catchUpMsMax } = limits
    return {
      spec: { calendars: [...calendars], timezone: schedule.timezone },
      policies: { overlap: 'SKIP', catchupWindow: catchUpMsMax } as const,
      action: {
        type: 'startWorkflow',
        workflowType: scheduledStartType,
        workflowId: `${prefix}scheduled`,
        taskQueue: this.#queueOf(prefix),
        args: [asked],
        memo: { fingerprint },
        staticSummary: `a scheduled time of ${workflow} ${version}`,
      } satisfies Action,
    }
  }

  async #removeOthers(wanted: ReadonlyMap<string, Wanted>): Promise<void> {
    const { client, module, taskQueue } = this.#of
    for await (const { scheduleId } of client.schedule.list()) {
      if (!scheduleId.startsWith(`${taskQueue}/`) || wanted.has(scheduleId)) continue
      try {
        await client.schedule.getHandle(scheduleId).delete()
      } catch (thrown) {
        // Another instance was faster.
        if (!(thrown instanceof module.ScheduleNotFoundError)) throw thrown
      }
    }
  }

  #idOf({ workflow, index }: Pick<ScheduleTrigger, 'workflow' | 'index'>): string {
    return `${this.#of.taskQueue}/${workflow}.${index}`
  }

  #queueOf(prefix: string): string {
    return this.#of.taskQueues?.of(prefix) ?? this.#of.taskQueue
  }

  #cannot({ workflow, index }: Pick<ScheduleTrigger, 'workflow' | 'index'>, why: string): void {
    const { logger = silentLogger } = this.#of
    logger.log('error', 'a trigger cannot be armed', { workflow, trigger: index, error: why })
  }
}

function fingerprintOf({ action }: ScheduleDescription): unknown {
  return action.memo?.['fingerprint']
}

function flagged({ name }: WorkflowDocument): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `the schedules of Temporal ask no feature flags, and '${name}' has some`,
    { hint: 'take featureFlags out, or pause its schedule in Temporal' },
  )
}
