import { invariant } from '../../core/assert.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { hashJson, type JsonValue } from '../../core/json.ts'
import type { Plan } from '../plan/plan.ts'
import type { CallRef } from './call-ref.ts'
import { kernelVersion } from './events.ts'
import { createCall } from './fold-step.ts'
import {
  type CallState,
  type DeadLetter,
  type ExecutionState,
  findCall,
  type ItemsState,
  newExecution,
  type RollbackState,
  type StateEntry,
  type StepState,
  type UndoEntry,
} from './state.ts'

/** One kind of record: its fields by number, and what a field has that is not written. */
interface Layout {
  readonly names: readonly string[]
  readonly initial: Readonly<Record<string, unknown>>
}

interface Layouts {
  readonly execution: Layout
  readonly step: Layout
  readonly view: Layout
  readonly call: Layout
  readonly undo: Layout
  readonly entry: Layout
  /** Changes with the fields: a snapshot that has others is not taken for one of now. */
  readonly hash: string
}

/**
 * The fields of a record that differ from what a new one has, one behind the other: the field's number and
 * what it has, or -1 less the number and the place in the table of values.
 */
type Written = readonly (number | boolean | null)[]

type WrittenStep = readonly [
  fields: Written,
  view: Written,
  /** `absent` where it is the list of the items' outputs. */
  output: number,
  /** By item; null for one that has not started. */
  calls: readonly (Written | null)[],
  items?: WrittenItems,
]

interface WrittenItems extends Omit<ItemsState, 'values' | 'outputs'> {
  readonly values: number
  /** By item; `absent` for one without. */
  readonly outputs: readonly number[]
}

type WrittenUndo = readonly [
  fields: Written,
  step: number,
  index: number | null,
  /** The idempotency key without the execution's id. */
  key: string,
  call: Written | null,
]

interface Body {
  readonly executionId: string
  readonly fields: Written
  /** What fields have that is a text, a list or an object, each once. The first is null. */
  readonly values: readonly JsonValue[]
  readonly steps: readonly WrittenStep[]
  readonly undo: readonly WrittenUndo[]
  readonly live: readonly (readonly [step: number, index: number | null, undo: number | null])[]
  readonly signals: readonly (readonly [name: string, data: JsonValue[]])[]
  readonly entries: readonly Written[] | null
  readonly deadLetters: readonly DeadLetter[]
  readonly rollback: (Omit<RollbackState, 'steps'> & { readonly steps: readonly number[] }) | null
}

type Snapshot = readonly [
  version: number,
  layout: string,
  planHash: string,
  stepIds: readonly string[],
  body: Body,
]

const absent = -1

/**
 * The text of a snapshot, from which an execution is taken up without folding the events behind it. It
 * begins with the `kernelVersion`. Places that were asked for and attempts that were told to stop are left
 * out, since no event says them. Of a state that is being driven, a call whose delay is over is written as
 * `scheduled` and one that is looked up as `lookingUp`: recovery takes both up. Linear in the size of the state.
 */
export function encodeState(state: ExecutionState): string {
  const { plan, executionId, entries, rollback } = state
  const layouts = layoutsOf(plan)
  const table = new ValueTable(layouts)
  const body: Body = {
    executionId,
    fields: table.write(state, layouts.execution),
    values: table.values,
    steps: state.steps.map((step) => writeStep(table, step)),
    undo: state.undo.map((entry) => writeUndo(table, state, entry)),
    live: Array.from(state.live, ({ ref }) => [numberOf(plan, ref), ref.index, ref.undo] as const),
    signals: Array.from(state.signals),
    entries: entries && Array.from(entries.values(), (entry) => table.write(entry, layouts.entry)),
    deadLetters: Array.from(state.deadLetters.values()),
    rollback: rollback && { ...rollback, steps: Array.from(rollback.steps) },
  }
  const stepIds = plan.steps.map(({ id }) => id)
  const snapshot: Snapshot = [kernelVersion, layouts.hash, plan.hash, stepIds, body]
  return JSON.stringify(snapshot)
}

/**
 * The state that a snapshot was made of: whatever comes later means the same to both.
 *
 * @throws InternalError when the text is no snapshot, was written by another version, or belongs to
 *   another document; the events are then to be folded anew
 */
export function decodeState(text: string, plan: Plan): ExecutionState {
  try {
    return restore(JSON.parse(text) as Snapshot, plan)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    const message = `a snapshot of '${plan.name}' cannot be used: ${why}`
    throw new OrchestrationError('InternalError', message, { cause: thrown })
  }
}

function restore([version, layout, planHash, stepIds, body]: Snapshot, plan: Plan): ExecutionState {
  const layouts = layoutsOf(plan)
  const { hash, steps } = plan
  invariant(version === kernelVersion, `its version is ${version}, not ${kernelVersion}`)
  invariant(layout === layouts.hash, `its layout is ${layout}, not ${layouts.hash}`)
  invariant(planHash === hash, `its document is ${planHash}, not ${hash}`)
  const isSame = stepIds.length === steps.length && steps.every(({ id }, i) => id === stepIds[i])
  invariant(isSame, `document ${hash} has other steps`)

  const state = newExecution(body.executionId, plan, {})
  const reader = new ValueReader(layouts, body.values)
  state.steps.forEach((step, i) => readStep(reader, { state, step }, body.steps[i] as WrittenStep))
  for (const written of body.undo) readUndo(reader, state, written)
  for (const [number, index, undo] of body.live) {
    const call = findCall(state, { step: stepIds[number] ?? '', index, undo })
    invariant(call !== undefined, `it has no call ${number}, ${index}, ${undo}`)
    state.live.add(call)
  }
  // After the calls, which were counted when they were made.
  reader.read(state, layouts.execution, body.fields)
  for (const [name, kept] of body.signals) state.signals.set(name, kept)
  if (body.entries !== null) {
    const entries = body.entries.map((written) => reader.read({}, layouts.entry, written))
    state.entries = new Map((entries as StateEntry[]).map((entry) => [entry.key, entry]))
  }
  for (const letter of body.deadLetters) state.deadLetters.set(letter.id, letter)
  const { rollback } = body
  state.rollback = rollback && { ...rollback, steps: new Set(rollback.steps) }
  return state
}

function writeStep(table: ValueTable, step: StepState): WrittenStep {
  const { layouts } = table
  const { view, items } = step
  // By place, since a list may have holes.
  const calls = Array.from(step.calls, (call: CallState | undefined) =>
    call === undefined ? null : table.write(call, layouts.call),
  )
  const fields = table.write(step, layouts.step)
  const shown = table.write(view, layouts.view)
  if (items === null) return [fields, shown, table.placeOf(view.output), calls]
  const output = view.output === items.outputs ? absent : table.placeOf(view.output)
  const outputs = Array.from(items.outputs, (value: JsonValue | undefined) =>
    value === undefined ? absent : table.placeOf(value),
  )
  const written = { ...items, values: table.placeOf(items.values), outputs }
  return [fields, shown, output, calls, written]
}

interface StepPlace {
  readonly state: ExecutionState
  readonly step: StepState
}

function readStep(reader: ValueReader, place: StepPlace, written: WrittenStep): void {
  const { step } = place
  const { view, plan } = step
  const [fields, shown, output, calls, items] = written
  calls.forEach((call, i) => {
    const ref = { step: plan.id, index: items === undefined ? null : i, undo: null }
    if (call !== null) readCall(reader, { ...place, ref }, call)
  })
  if (items !== undefined) {
    const values = reader.valueAt(items.values) as ItemsState['values']
    const outputs: JsonValue[] = []
    items.outputs.forEach((value, i) => {
      if (value !== absent) outputs[i] = reader.valueAt(value)
    })
    step.items = { ...items, values, outputs }
  }
  view.output = output === absent ? (step.items?.outputs ?? null) : reader.valueAt(output)
  reader.read(view, reader.layouts.view, shown)
  reader.read(step, reader.layouts.step, fields)
}

/** What making a call counts is read afterwards, and the live calls are put in order then. */
function readCall(
  reader: ValueReader,
  { state, step, ref }: StepPlace & { readonly ref: CallRef },
  written: Written,
): CallState {
  const call = createCall(state, step, { ref, call: {} })
  state.live.remove(call)
  reader.read(call, reader.layouts.call, written)
  return call
}

function writeUndo(table: ValueTable, state: ExecutionState, entry: UndoEntry): WrittenUndo {
  const { ref, call, idempotencyKey } = entry
  return [
    table.write(entry, table.layouts.undo),
    numberOf(state.plan, ref),
    ref.index,
    idempotencyKey.slice(state.executionId.length),
    call && table.write(call, table.layouts.call),
  ]
}

function readUndo(reader: ValueReader, state: ExecutionState, written: WrittenUndo): void {
  const [fields, number, index, key, call] = written
  const step = state.steps[number]
  invariant(step !== undefined, `it has no step ${number}`)
  const ref: CallRef = { step: step.plan.id, index, undo: null }
  const idempotencyKey = `${state.executionId}${key}`
  const entry: UndoEntry = { ...newUndo, ref, idempotencyKey }
  reader.read(entry, reader.layouts.undo, fields)
  const undo = state.undo.push(entry) - 1
  if (call !== null) entry.call = readCall(reader, { state, step, ref: { ...ref, undo } }, call)
}

function numberOf({ stepIndex, hash }: Plan, ref: CallRef): number {
  const number = stepIndex.get(ref.step)
  invariant(number !== undefined, `document ${hash} has no step '${ref.step}'`)
  return number
}

/** Every text, list and object that fields have, once each: what two fields share is shared again. */
class ValueTable {
  readonly layouts: Layouts
  readonly values: JsonValue[] = [null]
  readonly #places = new Map<unknown, number>([[null, 0]])

  constructor(layouts: Layouts) {
    this.layouts = layouts
  }

  placeOf(value: unknown): number {
    let place = this.#places.get(value)
    if (place === undefined) {
      place = this.values.push(value as JsonValue) - 1
      this.#places.set(value, place)
    }
    return place
  }

  write(record: object, { names, initial }: Layout): Written {
    const written: (number | boolean | null)[] = []
    for (let number = 0; number < names.length; number++) {
      const name = names[number] as string
      const value = (record as Readonly<Record<string, unknown>>)[name]
      if (value === initial[name]) continue
      if (typeof value === 'number' || typeof value === 'boolean' || value === null)
        written.push(number, value)
      else written.push(-1 - number, this.placeOf(value))
    }
    return written
  }
}

class ValueReader {
  readonly layouts: Layouts
  readonly #values: readonly JsonValue[]

  constructor(layouts: Layouts, values: readonly JsonValue[]) {
    this.layouts = layouts
    this.#values = values
  }

  valueAt(place: unknown): JsonValue {
    const value = this.#values[place as number]
    invariant(value !== undefined, 'a value is missing')
    return value
  }

  read(target: object, { names, initial }: Layout, written: Written): object {
    const record = Object.assign(target, initial) as Record<string, unknown>
    for (let i = 0; i < written.length; i += 2) {
      const number = written[i] as number
      const value = written[i + 1]
      const name = names[number < 0 ? -1 - number : number]
      invariant(name !== undefined && value !== undefined, 'a field is missing')
      record[name] = number < 0 ? this.valueAt(value) : value
    }
    return record
  }
}

const newUndo: UndoEntry = {
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
function layoutsOf(plan: Plan): Layouts {
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
    call: layoutOf(call, ['ref', 'step', 'before', 'after', 'requested', 'aborting']),
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
