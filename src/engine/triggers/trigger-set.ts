import semver from 'semver'
import { messageOf } from '../../core/errors.ts'
import {
  compileExpression,
  compileTemplate,
  type CompiledExpression,
  type CompiledTemplate,
  type TriggerDocument,
  type WorkflowDocument,
} from '../../workflow/index.ts'
import { CronSchedule } from './cron-schedule.ts'
import type { RegisteredDocument, TriggerRef, TriggerView } from './trigger-host.ts'

interface AnyTrigger extends TriggerRef {
  readonly document: WorkflowDocument
  /** How the ids of its executions begin: `<name>.<index>.` */
  readonly prefix: string
  readonly input: CompiledTemplate
}

/** A trigger made ready: an event of one type. */
export interface EventTrigger extends AnyTrigger {
  readonly kind: 'event'
  readonly event: string
  /** Null fires for each event of the type. */
  readonly when: CompiledExpression | null
}

/** A trigger made ready: the times of a schedule. */
export interface ScheduleTrigger extends AnyTrigger {
  readonly kind: 'schedule'
  readonly schedule: CronSchedule
  readonly registeredAtMs: number
}

export type Trigger = EventTrigger | ScheduleTrigger

/** A trigger that cannot be made ready, as with a document of another release. */
export interface FaultyTrigger {
  readonly ref: TriggerRef
  readonly document: TriggerDocument
  readonly fault: string
}

interface Compiled {
  readonly row: RegisteredDocument
  readonly triggers: readonly (Trigger | FaultyTrigger)[]
}

/** The triggers that fire: those of the highest version of each workflow, by name and index. */
export class TriggerSet {
  readonly schedules: readonly ScheduleTrigger[]
  readonly faulty: readonly FaultyTrigger[]
  readonly #byName: ReadonlyMap<string, Compiled>
  readonly #byType: ReadonlyMap<string, readonly EventTrigger[]>

  /** @param before the set to replace; what it compiled from the same document is used again */
  constructor(rows: readonly RegisteredDocument[], before: TriggerSet | null = null) {
    const highest = highestVersions(rows)
    this.#byName = new Map(
      highest.map((row) => {
        const known = before === null ? undefined : before.#byName.get(row.name)
        return [row.name, known !== undefined && isSame(known.row, row) ? known : compile(row)]
      }),
    )
    const all = [...this.#byName.values()].flatMap(({ triggers }) => triggers)
    const ready = all.filter((trigger) => 'kind' in trigger)
    const events = ready.filter((trigger) => trigger.kind === 'event')
    this.schedules = ready.filter((trigger) => trigger.kind === 'schedule')
    this.faulty = all.filter((trigger) => 'fault' in trigger)
    this.#byType = Map.groupBy(events, ({ event }) => event)
  }

  /** The triggers of an event's type. */
  ofType(type: string): readonly EventTrigger[] {
    return this.#byType.get(type) ?? []
  }

  /** Every trigger as people see it. */
  describe(nowMs: number): readonly TriggerView[] {
    return [...this.#byName.values()].flatMap(({ triggers }) =>
      triggers.map((trigger) => viewOf(trigger, nowMs)),
    )
  }
}

/** Of each name the row of highest precedence; of equal versions the one that was registered last. */
function highestVersions(rows: readonly RegisteredDocument[]): readonly RegisteredDocument[] {
  const highest = new Map<string, RegisteredDocument>()
  for (const row of rows) {
    const best = highest.get(row.name)
    const order = best === undefined ? 1 : semver.compare(row.version, best.version)
    if (order > 0 || (order === 0 && row.registeredAtMs >= (best?.registeredAtMs ?? 0)))
      highest.set(row.name, row)
  }
  return [...highest.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isSame(a: RegisteredDocument, b: RegisteredDocument): boolean {
  return a.document === b.document && a.registeredAtMs === b.registeredAtMs
}

function compile(row: RegisteredDocument): Compiled {
  const triggers = row.document.triggers.map((trigger, index) => {
    const ref = { workflow: row.name, version: row.version, index }
    try {
      return compileTrigger(trigger, ref, row)
    } catch (thrown) {
      return { ref, document: trigger, fault: messageOf(thrown) }
    }
  })
  return { row, triggers }
}

function compileTrigger(
  trigger: TriggerDocument,
  ref: TriggerRef,
  { document, registeredAtMs }: RegisteredDocument,
): Trigger {
  const prefix = `${ref.workflow}.${ref.index}.`
  const any = { ...ref, document, prefix, input: compileTemplate(trigger.input) }
  if ('schedule' in trigger) {
    const schedule = new CronSchedule(trigger.schedule, trigger.timezone)
    return { ...any, kind: 'schedule', schedule, registeredAtMs }
  }
  const when = trigger.when === null ? null : compileExpression(trigger.when)
  return { ...any, kind: 'event', event: trigger.event, when }
}

function viewOf(trigger: Trigger | FaultyTrigger, nowMs: number): TriggerView {
  if ('fault' in trigger) {
    const { ref, document, fault } = trigger
    return 'schedule' in document
      ? { ...ref, ...scheduleKeys(document.schedule, document.timezone), nextMs: null, fault }
      : { ...ref, ...eventKeys(document.event, document.when), fault }
  }
  const { workflow, version, index } = trigger
  const ref = { workflow, version, index }
  if (trigger.kind === 'event')
    return { ...ref, ...eventKeys(trigger.event, trigger.when?.source ?? null), fault: null }
  const { schedule } = trigger
  const nextMs = schedule.nextAfter(nowMs)
  return { ...ref, ...scheduleKeys(schedule.pattern, schedule.timezone), nextMs, fault: null }
}

const eventKeys = (event: string, when: string | null) =>
  ({ kind: 'event', event, when, schedule: null, timezone: null, nextMs: null }) as const

const scheduleKeys = (schedule: string, timezone: string) =>
  ({ kind: 'schedule', event: null, when: null, schedule, timezone }) as const
