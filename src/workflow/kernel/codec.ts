import { invariant } from '../../core/assert.ts'
import type { JsonValue } from '../../core/json.ts'
import type { KernelEvent, KernelEventKind } from './events.ts'

/**
 * The fields of each kind in the order in which they are written; a kind is written as its place in
 * this table. Only append: to the table and to each list. Missing fields are null, trailing ones left out.
 */
const layout: readonly (readonly [KernelEventKind, ...string[]])[] = [
  [
    'ExecutionStarted',
    'executionId',
    'kernelVersion',
    'input',
    'dueAtMs',
    'parent',
    'pins',
    'flags',
    'tenant',
    'chain',
    'event',
    'key',
  ],
  ['StepScheduled', 'step', 'call', 'items'],
  ['CallScheduled', 'step', 'index', 'call'],
  ['StepSkipped', 'step', 'reason'],
  ['StepFailed', 'step', 'error'],
  [
    'AttemptStarted',
    'step',
    'attempt',
    'effect',
    'lookup',
    'contract',
    'index',
    'undo',
    'alone',
    'part',
    'charge',
  ],
  ['AttemptLost', 'step', 'index', 'undo', 'part'],
  ['RetryScheduled', 'step', 'dueAtMs', 'error', 'index', 'undo', 'part'],
  ['FallbackScheduled', 'step', 'fallback', 'call', 'error', 'index'],
  ['PollCompleted', 'step', 'output', 'dueAtMs', 'index'],
  ['CallSuspended', 'step', 'signal', 'schema', 'resumeToken', 'index', 'part'],
  ['CallUncertain', 'step', 'error', 'index', 'part'],
  ['CallCompleted', 'step', 'output', 'index', 'undo', 'raw', 'part'],
  ['CallFailed', 'step', 'error', 'index', 'undo', 'raw', 'part'],
  ['CallResolved', 'step', 'resolution', 'index', 'part'],
  ['CallCancelled', 'step', 'index', 'unknown', 'part', 'undo'],
  ['SignalReceived', 'name', 'data'],
  ['SignalDelivered', 'step', 'name', 'index', 'place', 'part'],
  ['ExecutionPaused'],
  ['ExecutionResumed'],
  ['CancelRequested', 'dueAtMs', 'undo'],
  ['ExecutionTimedOut', 'dueAtMs'],
  ['FailureDecided', 'error'],
  ['CompensationStarted'],
  ['CompensationScheduled', 'step', 'undo', 'call', 'index', 'part'],
  ['ExecutionCompleted', 'output'],
  ['ExecutionFailed', 'error', 'undone'],
  ['ExecutionCancelled', 'error', 'undone'],
  ['ExecutionForked', 'executionId', 'seq', 'steps', 'changes', 'adaptations'],
  ['StateChanged', 'changes', 'step', 'index', 'part'],
  ['CheckpointTaken', 'reason', 'label'],
  ['TdaObserved', 'context'],
  ['ChildStarted', 'step', 'attempt', 'executionId', 'documentHash', 'index', 'undo', 'dueAtMs'],
  ['ChildEnded', 'step', 'status', 'agentCalls', 'index', 'undo', 'tokens', 'costUsd'],
  [
    'RollbackRequested',
    'checkpoint',
    'seq',
    'steps',
    'entries',
    'dueAtMs',
    'automatic',
    'final',
    'acceptedEffects',
  ],
  ['RolledBack', 'changes', 'dueAtMs'],
  ['RollbackRefused', 'error'],
  ['ExecutionRedriven', 'reset', 'anew', 'again', 'dueAtMs', 'token'],
  ['UndoRequested'],
  ['CompensationRedriven', 'undo'],
  ['DeadLetterDiscarded', 'id'],
  ['CallRefused', 'step', 'reason', 'dueAtMs', 'error', 'index', 'undo', 'part'],
  ['CallSkipped', 'step', 'reason', 'index'],
  ['PatternStarted', 'step', 'pattern', 'index', 'dueAtMs'],
  ['PartScheduled', 'step', 'part', 'agent', 'action', 'input', 'note', 'index'],
  ['PatternDecided', 'step', 'result', 'index'],
  ['UsageSettled', 'step', 'tokens', 'costUsd', 'index', 'undo', 'charge', 'part'],
  ['EventsPublished', 'step', 'key', 'events', 'index', 'undo', 'part'],
  ['PolicyDecided', 'decision', 'step', 'dueAtMs'],
  ['StepApproved', 'step'],
  ['ExecutionAdapted', 'id', 'because', 'steps', 'pause', 'cause', 'tda', 'flags'],
  ['AdaptationReverted', 'id', 'because'],
  ['ApprovalAwaited', 'step', 'signal'],
  ['MemoryChanged', 'step', 'change', 'index', 'undo', 'part'],
]

/** Fields that may be JSON null themselves. */
const nullable: ReadonlySet<string> = new Set([
  'output',
  'schema',
  'resumeToken',
  'data',
  'input',
  'note',
])
/** Nullable and optional at once: written as `[value]`. */
const boxed: ReadonlySet<string> = new Set(['raw'])

interface Field {
  readonly name: string
  readonly isNullable: boolean
  readonly isBoxed: boolean
}

const fieldsOf: readonly (readonly Field[])[] = layout.map(([, ...names]) =>
  names.map((name) => ({ name, isNullable: nullable.has(name), isBoxed: boxed.has(name) })),
)
const numbers = new Map(layout.map(([kind], number) => [kind, number]))

/** Every kind of event there is, in the order of the journal's codes. */
export const kernelEventKinds: readonly KernelEventKind[] = layout.map(([kind]) => kind)

/** The text of one journal row: when it was recorded, then each event. */
export function encodeRow(atMs: number, events: readonly KernelEvent[]): string {
  let text = `[${atMs}`
  for (const event of events) text += `,${encodeEvent(event)}`
  return `${text}]`
}

/** @throws InternalError when the text is no row of this version or an earlier one */
export function decodeRow(text: string): {
  readonly atMs: number
  readonly events: readonly KernelEvent[]
} {
  const row = JSON.parse(text) as unknown
  invariant(
    Array.isArray(row) && typeof row[0] === 'number',
    'a journal row must begin with its time',
  )
  const [atMs, ...events] = row as [number, ...JsonValue[]]
  return { atMs, events: events.map(decodeEvent) }
}

// Text is put together piece by piece: arrays and one `JSON.stringify` for all cost three times as much.
function encodeEvent(event: KernelEvent): string {
  const number = numbers.get(event.kind) as number
  const source = event as unknown as Record<string, unknown>
  const fields = fieldsOf[number] as readonly Field[]
  let length = fields.length
  while (length > 0 && isAbsent(source, fields[length - 1] as Field)) length--
  let text = `[${number}`
  for (let place = 0; place < length; place++) {
    const { name, isBoxed } = fields[place] as Field
    const value = source[name]
    if (value === undefined) text += ',null'
    else if (isBoxed) text += `,[${JSON.stringify(value)}]`
    else if (typeof value === 'number') text += `,${value}`
    else if (typeof value === 'string') text += `,${quoted(value)}`
    else text += value === null ? ',null' : `,${JSON.stringify(value)}`
  }
  return `${text}]`
}

const quotedMax = 2_000
const quotedTexts = new Map<string, string>()

// Step ids, effects and contract hashes come again and again.
function quoted(text: string): string {
  if (text.length > 64) return JSON.stringify(text)
  let written = quotedTexts.get(text)
  if (written === undefined) {
    if (quotedTexts.size >= quotedMax) quotedTexts.clear()
    written = JSON.stringify(text)
    quotedTexts.set(text, written)
  }
  return written
}

function isAbsent(
  source: Readonly<Record<string, unknown>>,
  { name, isNullable, isBoxed }: Field,
): boolean {
  const value = source[name]
  return value === undefined || (value === null && !isNullable && !isBoxed)
}

function decodeEvent(written: JsonValue): KernelEvent {
  invariant(
    Array.isArray(written) && typeof written[0] === 'number',
    'an event must begin with its kind',
  )
  const [number] = written
  const fields = fieldsOf[number]
  invariant(fields !== undefined, `unknown event kind ${number}`)
  const event: Record<string, unknown> = { kind: layout[number]?.[0] }
  fields.forEach(({ name, isNullable, isBoxed }, place) => {
    const value = written[place + 1] as JsonValue | undefined
    if (isNullable) event[name] = value ?? null
    else if (value !== undefined && value !== null)
      event[name] = isBoxed ? (value as readonly JsonValue[])[0] : value
  })
  return event as unknown as KernelEvent
}
