import { formatDuration } from '../../core/duration.ts'
import { assertNever } from '../../core/assert.ts'
import type { LogEntry } from '../../engine/index.ts'
import type { NamesCall } from '../../workflow/index.ts'
import { callName } from './call-name.ts'
import { momentText } from '../terminal/duration-text.ts'
import { plainText } from '../terminal/width.ts'

/** One event in words, for logs and for progress without a terminal. */
export function eventText({ event, atMs }: LogEntry): string {
  if (!('step' in event)) return ownText(event)
  switch (event.kind) {
    case 'StateChanged':
    case 'EventsPublished':
    case 'PolicyDecided':
    case 'MemoryChanged':
      return ownText(event)
    default:
      return callText(event, atMs)
  }
}

type CallEvent = Exclude<
  Extract<LogEntry['event'], { readonly step: string }>,
  { readonly kind: 'StateChanged' | 'EventsPublished' | 'PolicyDecided' | 'MemoryChanged' }
>

function callText(event: CallEvent, atMs: number): string {
  const call = labelOf(event)
  switch (event.kind) {
    case 'StepScheduled':
      if (event.items !== undefined) return `${call} has ${event.items.length} items`
      if (event.call?.signal !== undefined)
        return `${call} waits for signal '${plainText(event.call.signal)}'`
      return event.call?.dueAtMs === undefined
        ? `${call} scheduled`
        : `${call} sleeps until ${momentText(event.call.dueAtMs)}`
    case 'CallScheduled':
      return `${call} scheduled`
    case 'StepSkipped':
      return `${call} skipped: ${event.reason === 'when' ? 'when is false' : 'everything it needs was skipped'}`
    case 'StepFailed':
    case 'CallFailed':
      return `${call} failed: ${errorText(event.error)}`
    case 'ApprovalAwaited':
      return `${call} waits for signal '${plainText(event.signal)}': an adaptation asks for approval`
    case 'StepApproved':
      return `${call} is approved`
    case 'AttemptStarted':
      return `${call} attempt ${event.attempt} (${event.effect})${event.alone === true ? ', alone' : ''}`
    case 'AttemptLost':
      return `${call} attempt lost with its process`
    case 'RetryScheduled':
      return `${call} tries again in ${formatDuration(event.dueAtMs - atMs)}: ${errorText(event.error)}`
    case 'CallRefused':
      return `${call} did not reach its agent, asks again in ${formatDuration(event.dueAtMs - atMs)}: ${errorText(event.error)}`
    case 'UsageSettled':
      return `${call} used ${usageText(event)}${isOverrun(event) ? ', more than its action declares' : ''}`
    case 'CallSkipped':
      return `${call} skipped: its concurrency is full`
    case 'FallbackScheduled':
      return `${call} goes to fallback ${event.fallback}: ${errorText(event.error)}`
    case 'PollCompleted':
      return `${call} asks again in ${formatDuration(event.dueAtMs - atMs)}`
    case 'CallSuspended':
      return `${call} waits for signal '${plainText(event.signal)}'`
    case 'CallUncertain':
      return `${call} has an unknown outcome: ${errorText(event.error)}`
    case 'CallCompleted':
      return `${call} completed`
    case 'CallResolved':
      return `${call} resolved: ${event.resolution}`
    case 'CallCancelled':
      return `${call} cancelled${event.unknown === true ? ', its outcome is unknown' : ''}`
    case 'SignalDelivered':
      return `signal '${plainText(event.name)}' delivered to ${call}`
    case 'ChildStarted':
      return `${call} is done by ${plainText(event.executionId)}`
    case 'ChildEnded':
      return `${call} hears that it ${event.status === 'completed' ? 'completed' : `was ${event.status}`}`
    case 'PatternStarted':
      return `${call} begins: ${event.pattern}`
    case 'PartScheduled':
      return `${call} is asked of ${plainText(`${event.agent}.${event.action}`)}`
    case 'PatternDecided':
      return `${call} ${'error' in event.result ? `comes to nothing: ${errorText(event.result.error)}` : 'has its result'}`
    case 'CompensationScheduled':
      return `${call} is being undone`
    default:
      return assertNever(event, 'event')
  }
}

/** Events of the execution as a whole. */
function ownText(event: Exclude<LogEntry['event'], CallEvent>): string {
  switch (event.kind) {
    case 'ExecutionStarted':
      return 'execution started'
    case 'SignalReceived':
      return `signal '${plainText(event.name)}' received`
    case 'ExecutionForked':
      return `goes on from event ${event.seq} of ${plainText(event.executionId)}, with ${count(event.steps.length, 'settled step')}`
    case 'StateChanged':
      return `state${event.step === undefined ? '' : ` by ${event.step}`}: ${changesText(event.changes)}`
    case 'EventsPublished':
      return `${event.step} publishes ${plainText(event.events.map(({ type }) => type).join(', '))}`
    case 'PolicyDecided':
      return policyText(event)
    case 'ExecutionAdapted':
      return `execution adapted${adaptedText(event)}: ${plainText(event.because)}`
    case 'AdaptationReverted':
      return `adaptation ${plainText(event.id)} reverted: ${plainText(event.because)}`
    case 'MemoryChanged':
      return `${event.step} remembers ${count(event.change.writes.length, 'thing')}`
    case 'CheckpointTaken':
      return `checkpoint taken${event.label === undefined ? '' : ` '${plainText(event.label)}'`}${event.reason === 'anomaly' ? ' because of an anomaly' : ''}`
    case 'TdaObserved':
      return 'the TDA context changed'
    case 'RollbackRequested':
      return `execution goes back to ${plainText(event.checkpoint)}${event.automatic === true ? ' by itself' : ''}`
    case 'RolledBack':
      return 'execution has gone back'
    case 'RollbackRefused':
      return `execution cannot go back: ${errorText(event.error)}`
    case 'ExecutionRedriven':
      return 'execution redriven'
    case 'UndoRequested':
      return 'execution is to be undone'
    case 'CompensationRedriven':
      return 'a failed compensation is called again'
    case 'DeadLetterDiscarded':
      return `dead letter ${plainText(event.id)} discarded`
    case 'ExecutionPaused':
      return 'execution paused'
    case 'ExecutionResumed':
      return 'execution resumed'
    case 'CancelRequested':
      return 'cancel requested'
    case 'ExecutionTimedOut':
      return 'execution timed out'
    case 'FailureDecided':
      return `execution is failing: ${errorText(event.error)}`
    case 'CompensationStarted':
      return 'compensation started'
    case 'ExecutionCompleted':
      return 'execution completed'
    case 'ExecutionFailed':
      return `execution failed: ${errorText(event.error)}`
    case 'ExecutionCancelled':
      return 'execution cancelled'
    default:
      return assertNever(event, 'event')
  }
}

function adaptedText({ steps, pause }: LogEntry['event'] & { kind: 'ExecutionAdapted' }): string {
  const changes = Object.entries(steps).map(([id, { spec, maxParallel, agent, approval }]) => {
    const parts = [
      ...(spec === undefined ? [] : [`by ${spec.pattern}`]),
      ...(maxParallel === undefined ? [] : [`${maxParallel} at a time`]),
      ...(agent === undefined ? [] : [`by ${plainText(agent)}`]),
      ...(approval === undefined ? [] : [`after signal '${plainText(approval)}'`]),
    ]
    return `${id} ${parts.join(', ')}`
  })
  return [...(pause === true ? [' and paused'] : []), ...changes.map((text) => `, ${text}`)].join(
    '',
  )
}

function policyText({ step, decision }: LogEntry['event'] & { kind: 'PolicyDecided' }): string {
  const { policy, version, values, rules } = decision
  const decided = Object.entries(values).map(([key, value]) => {
    const rule = rules[key as keyof typeof rules]
    return plainText(`${key} ${JSON.stringify(value)} (rule ${rule})`)
  })
  return `${step === undefined ? '' : `${step}: `}policy ${policy} ${version} decides ${decided.join(', ')}`
}

/** Events that are detail: shown by `logs`, left out of progress lines. */
const details: ReadonlySet<string> = new Set([
  'CallScheduled',
  'SignalDelivered',
  'FailureDecided',
  'CompensationScheduled',
  'UsageSettled',
  'StateChanged',
  'EventsPublished',
  'MemoryChanged',
  'TdaObserved',
])

/** Whether an event is worth a line of progress when no terminal shows the tree. */
export function isProgressLine({ event }: LogEntry): boolean {
  if (details.has(event.kind)) return false
  // A scheduled call is followed by its first attempt; only waits and items say something of their own.
  if (event.kind === 'StepScheduled')
    return (
      event.items !== undefined ||
      event.call?.dueAtMs !== undefined ||
      event.call?.signal !== undefined
    )
  return true
}

/** Keys and versions; values may be secret. */
function changesText(
  changes: readonly { key: string; version: number; value?: unknown }[],
): string {
  return changes
    .map(({ key, version, value }) =>
      plainText(value === undefined ? `${key} deleted` : `${key} v${version}`),
    )
    .join(', ')
}

function usageText({ tokens, costUsd }: { tokens: number; costUsd: number }): string {
  return costUsd === 0 ? count(tokens, 'token') : `${count(tokens, 'token')}, $${costUsd}`
}

function isOverrun(event: LogEntry['event'] & { kind: 'UsageSettled' }): boolean {
  const { tokens = 0, costUsd = 0 } = event.charge ?? {}
  return event.undo === undefined && (event.tokens > tokens || event.costUsd > costUsd)
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function labelOf(event: NamesCall): string {
  const label = callName(event)
  return event.undo === undefined ? label : `${label} (undo)`
}

function errorText(error: { code: string; message: string }): string {
  return plainText(`${error.code}: ${error.message}`)
}
