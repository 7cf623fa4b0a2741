import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { LogEntry, RunView, ShowView } from '../../../engine/index.ts'
import type { Verb } from '../wire.ts'

/** The execution as `aura run` prints it. */
export const runQuery = defineQuery<RunView>('run')
/** The execution as `aura show` prints it. */
export const showQuery = defineQuery<ShowView>('show')
/** Its events, as `aura logs` prints them. */
export const logQuery = defineQuery<readonly LogEntry[]>('log')
/** Steers it; a verb that is refused leaves nothing in its history. */
export const steerUpdate = defineUpdate<boolean, [Verb]>('steer')
