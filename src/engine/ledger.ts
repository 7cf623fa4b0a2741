import type { Effect } from '../core/contracts/call.ts'
import type { ErrorJson } from '../core/errors.ts'
import {
  findCall,
  fold,
  idempotencyKey,
  newExecution,
  type Plan,
  agentTargetOf,
  refOf,
} from '../workflow/index.ts'
import type { LogEntry } from './workflow-engine.ts'

/** One effect on the world: that it was meant, under which key, and what came of it. */
export interface LedgerEntry {
  readonly idempotencyKey: string
  readonly stepId: string
  readonly index: number | null
  readonly agent: string
  readonly action: string
  readonly effect: Effect
  /** Hash of the action's contract at the first delivery. */
  readonly contract: string
  readonly intentAtMs: number
  /** Deliveries of all attempts. */
  deliveries: number
  receiptAtMs: number | null
  /** `open`: running or awaited. */
  outcome: 'open' | 'completed' | 'failed' | 'uncertain' | 'cancelled'
  error: ErrorJson | null
}

/**
 * The effect ledger of an execution: intent, key and receipt of every call, in the order in which they
 * were first made. A view of the recorded attempts; nothing is stored for it.
 */
export function ledgerOf(
  executionId: string,
  plan: Plan,
  entries: readonly LogEntry[],
): readonly LedgerEntry[] {
  const state = newExecution(executionId, plan, {})
  const ledger = new Map<string, LedgerEntry>()
  for (const { event, atMs } of entries) {
    const key = keyBefore(event, state)
    fold(state, event, atMs)
    if (event.kind === 'AttemptStarted') {
      const call = findCall(state, refOf(event))
      if (call === undefined) continue
      const startedKey = idempotencyKey(state, call)
      const { agent, action } = agentTargetOf(call)
      const entry: LedgerEntry = ledger.get(startedKey) ?? {
        idempotencyKey: startedKey,
        stepId: event.step,
        index: event.index ?? null,
        agent,
        action,
        effect: event.effect,
        contract: event.contract,
        intentAtMs: atMs,
        deliveries: 0,
        receiptAtMs: null,
        outcome: 'open',
        error: null,
      }
      entry.deliveries++
      ledger.set(startedKey, entry)
      continue
    }
    const entry = key === null ? undefined : ledger.get(key)
    if (entry !== undefined) settle(entry, event, atMs)
  }
  return Array.from(ledger.values())
}

type Event = LogEntry['event']

function keyBefore(event: Event, state: ReturnType<typeof newExecution>): string | null {
  if (!('step' in event) || event.step === undefined || event.kind === 'AttemptStarted') return null
  const call = findCall(state, refOf({ ...event, step: event.step }))
  return call === undefined || call.attempt === 0 ? null : idempotencyKey(state, call)
}

function settle(entry: LedgerEntry, event: Event, atMs: number): void {
  switch (event.kind) {
    case 'CallCompleted':
    case 'PollCompleted':
      entry.outcome = 'completed'
      break
    case 'CallFailed':
      entry.outcome = event.raw === undefined ? 'failed' : 'completed'
      entry.error = event.error
      break
    case 'FallbackScheduled':
      entry.outcome = 'failed'
      entry.error = event.error
      break
    case 'CallUncertain':
      entry.outcome = 'uncertain'
      entry.error = event.error
      return
    case 'CallCancelled':
      entry.outcome = event.unknown === true ? 'uncertain' : 'cancelled'
      break
    default:
      return
  }
  entry.receiptAtMs = atMs
}
