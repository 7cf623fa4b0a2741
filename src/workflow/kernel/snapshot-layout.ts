import { invariant } from '../../core/assert.ts'
import { hashJson } from '../../core/json.ts'
import type { Plan } from '../plan/plan.ts'
import { createCall } from './fold-step.ts'
import type { HostedState } from './hosted-state.ts'
import { newExecution, type StateEntry, type UndoEntry } from './state.ts'

/** One kind of record: its fields by number, and what a field has that is not written. */
export interface Layout {
  readonly names: readonly string[]
  readonly initial: Readonly<Record<string, unknown>>
}

/** Of every kind of record that a snapshot has. */
export interface Layouts {
  readonly execution: Layout
  readonly step: Layout
  readonly view: Layout
  readonly call: Layout
  readonly hosted: Layout
  readonly part: Layout
  readonly undo: Layout
  readonly entry: Layout
  /** Changes with the fields: a snapshot that has others is not taken for one of now. */
  readonly hash: string
}

/** What is written of an undoing is what differs from this. */
export const newUndo: UndoEntry = {
  ref: { step: '', index: null, undo: null },
  idempotencyKey: '',
  run: 1,
  input: null,
  output: null,
  call: null,
  isOver: false,
  isAskedFirst: false,
  child: null,
}

const newHosted: HostedState = { parts: [], partsBefore: 0, result: null }

const newEntry: StateEntry = {
  key: '',
  value: null,
  version: 1,
  atMs: 0,
  expiresAtMs: null,
  metadata: {},
  isDeleted: false,
}

const executionApart = [
  'executionId',
  'plan',
  'steps',
  'views',
  'live',
  'signals',
  'undo',
  'entries',
  'rollback',
  'deadLetters',
] as const

let layouts: Layouts | null = null

/** Read off new records once, so that a field which is added to the state is in them: every plan gives the same. */
export function layoutsOf(plan: Plan): Layouts {
  layouts ??= makeLayouts(plan)
  return layouts
}

function makeLayouts(plan: Plan): Layouts {
  const state = newExecution('', plan, {})
  const step = state.steps[0]
  invariant(step !== undefined, `document ${plan.hash} has no steps`)
  const ref = { step: step.plan.id, index: null, undo: 0 }
  const call = createCall(state, step, { ref, call: {} })
  const made = {
    execution: layoutOf(state, [...executionApart, 'requestedCalls', 'isRollbackAsked']),
    step: layoutOf(step, ['plan', 'view', 'items', 'calls']),
    view: layoutOf(step.view, ['output']),
    call: layoutOf(call, [
      'ref',
      'step',
      'before',
      'after',
      'requested',
      'aborting',
      'hosted',
      'part',
    ]),
    hosted: layoutOf(newHosted, ['parts']),
    part: layoutOf({ host: call, agent: '', action: '', note: null, output: null }, ['host']),
    undo: layoutOf(newUndo, ['ref', 'idempotencyKey', 'call']),
    entry: layoutOf(newEntry, []),
  }
  const names = Object.values(made).map((layout) => layout.names)
  return { ...made, hash: hashJson(names).slice(0, 12) }
}

/** @param others fields that are written by hand, or not at all since no event says them */
function layoutOf<T extends object>(record: T, others: readonly (keyof T)[]): Layout {
  const fields = Object.entries(record).filter(([name]) => !others.includes(name as keyof T))
  return { names: fields.map(([name]) => name), initial: Object.fromEntries(fields) }
}
