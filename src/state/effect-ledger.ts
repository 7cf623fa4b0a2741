import type { Effect } from '../core/contracts/call.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'

/** That an effect on the world is meant. */
export interface EffectIntent {
  readonly idempotencyKey: string
  readonly stepId: string
  readonly agent: string
  readonly action: string
  readonly effect: Effect
  readonly atMs: number
}

/** What came of it. Only `uncertain` may be replaced. */
export interface EffectReceipt {
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'uncertain'
  /** Of a completed one; else null. */
  readonly output: JsonValue
  readonly error: ErrorJson | null
  readonly atMs: number
}

export interface EffectRecord {
  /** As it was first meant. */
  readonly intent: EffectIntent
  /** How often it was meant: each time may have reached the agent. */
  readonly deliveries: number
  readonly receipt: EffectReceipt | null
}

/**
 * Intent, key and receipt of every effect, for workers that may die between them: the intent is recorded before the
 * agent is called, the receipt after. Whoever finds a receipt must not call again.
 *
 * @throws each method: StorageError (retryable) when the ledger is out of reach; InputError for a bad id or key
 */
export interface EffectLedger {
  /** Records the intent, or counts another delivery of a known one; what is already known of it comes back. */
  intend(workflowId: string, intent: EffectIntent): Promise<EffectRecord>
  /** Records what came of it and gives what is then true: an earlier definite receipt wins. @throws NotFoundError without an intent */
  settle(workflowId: string, key: string, receipt: EffectReceipt): Promise<EffectReceipt>
  /** Null when it was never meant. */
  find(workflowId: string, key: string): Promise<EffectRecord | null>
  /** All of a workflow, in order of their first intent and then of their keys. */
  list(workflowId: string): Promise<readonly EffectRecord[]>
  /** The workflow has ended: its records are gone after `keepMs`. */
  expire(workflowId: string, keepMs: number): Promise<void>
}
