import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { JsonValue } from '../../../core/json.ts'
import type { DeadLetterView, ShowView } from '../../../engine/index.ts'
import type { StateEntry } from '../../../workflow/index.ts'
import type { Effects } from '../remote-executions.ts'
import type {
  Asked,
  ChildTold,
  EndedRun,
  ExecutionStart,
  LogPage,
  SlotMessage,
  SlotTold,
  Verb,
} from '../wire.ts'

/** The execution as `aura run` prints it. */
export const runQuery = defineQuery<Asked<EndedRun>>('run')
/** The execution as `aura show` prints it, at that time. */
export const showQuery = defineQuery<Asked<ShowView>, [number]>('show')
/** Its events after one of them, as `aura logs` prints them: as many as one answer takes. */
export const logQuery = defineQuery<Asked<LogPage>, [number?]>('log')
/** Its state at that time. */
export const entriesQuery = defineQuery<Asked<readonly StateEntry[]>, [number]>('entries')
export const deadLettersQuery = defineQuery<Asked<readonly DeadLetterView[]>>('deadLetters')
/** What nothing would undo of what came after a checkpoint, or after the start. */
export const effectsQuery = defineQuery<Asked<Effects>, [string | null, number]>('effects')
/** What it was started with; what a new run is started with has its events too. */
export const startQuery = defineQuery<Asked<ExecutionStart>>('start')
/** Steers it; a verb that is refused leaves nothing in its history. */
export const steerUpdate = defineUpdate<JsonValue, [Verb]>('steer')
/** A verb that its parent hands on; one that is of no use changes nothing. */
export const relaySignal = defineSignal<[Verb & { kind: 'pause' | 'resume' | 'cancel' }]>('relay')
/** One of its sub-workflows has ended. */
export const childSignal = defineSignal<[ChildTold]>('childEnded')
/** A keeper of places under a key of `concurrency` has answered. */
export const slotSignal = defineSignal<[SlotTold]>('slotTold')
/** To a keeper: executions ask for places and leave them. */
export const keeperSignal = defineSignal<[readonly SlotMessage[]]>('tellKeeper')
