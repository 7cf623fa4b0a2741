import type { Clock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import { executionId } from '../core/ids.ts'
import { checkCount, checkName } from './checked-write.ts'
import type { EffectIntent, EffectLedger, EffectReceipt, EffectRecord } from './effect-ledger.ts'

interface Records {
  readonly byKey: Map<string, EffectRecord>
  goneAtMs: number
}

/** A ledger inside one process, for tests. */
export class MemoryEffectLedger implements EffectLedger {
  readonly #workflows = new Map<string, Records>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async intend(workflowId: string, intent: EffectIntent): Promise<EffectRecord> {
    const key = checkName('effect', intent.idempotencyKey)
    const records = this.#of(workflowId)
    const { byKey } = records
    records.goneAtMs = Infinity
    const known = byKey.get(key) ?? { intent, deliveries: 0, receipt: null }
    const record = { ...known, deliveries: known.deliveries + 1 }
    byKey.set(key, record)
    return record
  }

  async settle(workflowId: string, key: string, receipt: EffectReceipt): Promise<EffectReceipt> {
    const { byKey } = this.#of(workflowId)
    const known = byKey.get(key)
    if (known === undefined) throw unknownEffect(workflowId, key)
    if (known.receipt !== null && known.receipt.outcome !== 'uncertain') return known.receipt
    byKey.set(key, { ...known, receipt })
    return receipt
  }

  async find(workflowId: string, key: string): Promise<EffectRecord | null> {
    return this.#of(workflowId).byKey.get(key) ?? null
  }

  async list(workflowId: string): Promise<readonly EffectRecord[]> {
    return Array.from(this.#of(workflowId).byKey.values()).toSorted(byIntent)
  }

  async expire(workflowId: string, keepMs: number): Promise<void> {
    this.#of(workflowId).goneAtMs = this.#clock.nowMs() + checkCount('keepMs', keepMs, 0)
  }

  #of(workflowId: string): Records {
    const known = this.#workflows.get(executionId(workflowId))
    if (known !== undefined && known.goneAtMs > this.#clock.nowMs()) return known
    const records = { byKey: new Map<string, EffectRecord>(), goneAtMs: Infinity }
    this.#workflows.set(workflowId, records)
    return records
  }
}

/** The order of `EffectLedger.list`. */
export function byIntent({ intent: a }: EffectRecord, { intent: b }: EffectRecord): number {
  return a.atMs - b.atMs || (a.idempotencyKey < b.idempotencyKey ? -1 : 1)
}

/** A receipt for what was never meant. */
export function unknownEffect(workflowId: string, key: string): OrchestrationError {
  return new OrchestrationError(
    'NotFoundError',
    `the ledger of '${workflowId}' has no intent '${key.slice(0, 220)}'`,
    { hint: 'record the intent before the agent is called' },
  )
}
