import { invariant } from '../../core/assert.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Plan } from '../plan/plan.ts'
import { adaptedPlan } from './adaptation.ts'
import type { CallRef } from './call-ref.ts'
import { kernelVersion } from './events.ts'
import { createCall } from './fold-step.ts'
import { layoutsOf, newUndo } from './snapshot-layout.ts'
import { absent, ValueReader, ValueTable, type Written } from './snapshot-values.ts'
import type { PartState } from './hosted-state.ts'
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

type WrittenStep = readonly [
  fields: Written,
  view: Written,
  /** `absent` where it is the list of the items' outputs. */
  output: number,
  /** By item; null for one that has not started. */
  calls: readonly (Written | null)[],
  /** Null without `forEach`. */
  items?: WrittenItems | null,
  hosted?: readonly WrittenHosted[],
]

/** What the patterns of a call wanted. */
type WrittenHosted = readonly [
  /** The call's place among those of its step. */
  host: number,
  fields: Written,
  parts: readonly (readonly [call: Written, part: Written])[],
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
  part: number | null,
]

interface Body {
  readonly executionId: string
  readonly fields: Written
  /** What fields have that is a text, a list or an object, each once. The first is null. */
  readonly values: readonly JsonValue[]
  readonly steps: readonly WrittenStep[]
  readonly undo: readonly WrittenUndo[]
  readonly live: readonly (readonly [
    step: number,
    index: number | null,
    undo: number | null,
    part?: number,
  ])[]
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
    live: Array.from(state.live, ({ ref }) => {
      const live = [numberOf(plan, ref), ref.index, ref.undo] as const
      return ref.part === undefined ? live : ([...live, ref.part] as const)
    }),
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
  for (const [number, index, undo, part] of body.live) {
    const call = findCall(state, { step: stepIds[number] ?? '', index, undo, part })
    invariant(call !== undefined, `it has no call ${number}, ${index}, ${undo}, ${part}`)
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
  const hosted = writeHosted(table, step)
  if (items === null) {
    const output = table.placeOf(view.output)
    return hosted.length === 0
      ? [fields, shown, output, calls]
      : [fields, shown, output, calls, null, hosted]
  }
  const output = view.output === items.outputs ? absent : table.placeOf(view.output)
  const outputs = Array.from(items.outputs, (value: JsonValue | undefined) =>
    value === undefined ? absent : table.placeOf(value),
  )
  const written = { ...items, values: table.placeOf(items.values), outputs }
  return hosted.length === 0
    ? [fields, shown, output, calls, written]
    : [fields, shown, output, calls, written, hosted]
}

function writeHosted(table: ValueTable, { calls }: StepState): readonly WrittenHosted[] {
  const { layouts } = table
  const written: WrittenHosted[] = []
  calls.forEach((call: CallState | undefined, place) => {
    if (call?.hosted == null) return
    const parts = call.hosted.parts.map(
      (part) =>
        [table.write(part, layouts.call), table.write(part.part ?? {}, layouts.part)] as const,
    )
    written.push([place, table.write(call.hosted, layouts.hosted), parts])
  })
  return written
}

function readHosted(
  reader: ValueReader,
  { state, step }: StepPlace,
  [place, fields, parts]: WrittenHosted,
): void {
  const { layouts } = reader
  const host = step.calls[place]
  invariant(host !== undefined, `it has no call ${place} with parts`)
  const hosted = { parts: [], partsBefore: 0, result: null }
  reader.read(hosted, layouts.hosted, fields)
  host.hosted = hosted
  parts.forEach(([call, about], i) => {
    const part = reader.read({ host }, layouts.part, about) as PartState
    const ref = { ...host.ref, part: hosted.partsBefore + i + 1 }
    readCall(reader, { state, step, ref, part }, call)
  })
}

interface StepPlace {
  readonly state: ExecutionState
  readonly step: StepState
}

function readStep(reader: ValueReader, place: StepPlace, written: WrittenStep): void {
  const { step } = place
  const { view, plan } = step
  const [fields, shown, output, calls, items, hosted = []] = written
  calls.forEach((call, i) => {
    const ref = { step: plan.id, index: items == null ? null : i, undo: null }
    if (call !== null) readCall(reader, { ...place, ref }, call)
  })
  for (const one of hosted) readHosted(reader, place, one)
  if (items != null) {
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
  step.plan = adaptedPlan(plan, step.adapted)
}

/** What making a call counts is read afterwards, and the live calls are put in order then. */
function readCall(
  reader: ValueReader,
  {
    state,
    step,
    ref,
    part = null,
  }: StepPlace & {
    readonly ref: CallRef
    readonly part?: PartState | null
  },
  written: Written,
): CallState {
  const call = createCall(state, step, { ref, call: {}, part })
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
    ref.part ?? null,
  ]
}

function readUndo(reader: ValueReader, state: ExecutionState, written: WrittenUndo): void {
  const [fields, number, index, key, call, part] = written
  const step = state.steps[number]
  invariant(step !== undefined, `it has no step ${number}`)
  const own = { step: step.plan.id, index, undo: null }
  const ref: CallRef = part === null ? own : { ...own, part }
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
