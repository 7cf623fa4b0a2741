import { executionId } from '../../core/ids.ts'
import {
  byIntent,
  checkCount,
  checkName,
  type EffectIntent,
  type EffectLedger,
  type EffectReceipt,
  type EffectRecord,
  unknownEffect,
} from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { defaultPrefix, ledgerKey } from './keys.ts'

/** ARGV: key, intent. Answers intent, deliveries, receipt or ''. */
const intendScript = script(`
redis.call('HSETNX', KEYS[1], 'i:' .. ARGV[1], ARGV[2])
redis.call('PERSIST', KEYS[1])
local deliveries = redis.call('HINCRBY', KEYS[1], 'n:' .. ARGV[1], 1)
local known = redis.call('HMGET', KEYS[1], 'i:' .. ARGV[1], 'r:' .. ARGV[1])
return { known[1], tostring(deliveries), known[2] or '' }
`)

/** ARGV: key, receipt, whose first letter is u for an uncertain one. Answers the receipt that is true then. */
const settleScript = script(`
if redis.call('HEXISTS', KEYS[1], 'i:' .. ARGV[1]) == 0 then return '' end
local known = redis.call('HGET', KEYS[1], 'r:' .. ARGV[1])
if known and string.sub(known, 1, 1) ~= 'u' then return known end
redis.call('HSET', KEYS[1], 'r:' .. ARGV[1], ARGV[2])
return ARGV[2]
`)

const expireScript = script(`return redis.call('PEXPIRE', KEYS[1], ARGV[1])`)

/** The effects of workflows in Redis: of each workflow a hash, with the fields `i:`, `n:` and `r:` of each key. */
export class RedisEffectLedger implements EffectLedger {
  readonly #connection: RedisConnection
  readonly #prefix: string

  /** @param options.prefix what every key begins with; default `aura:` */
  constructor(options: { readonly connection: RedisConnection; readonly prefix?: string }) {
    this.#connection = options.connection
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async intend(workflowId: string, intent: EffectIntent): Promise<EffectRecord> {
    const values = [checkName('effect', intent.idempotencyKey), JSON.stringify(intent)]
    const answer = await this.#connection.run(intendScript, [this.#key(workflowId)], values)
    return recordOf(answer as readonly string[])
  }

  async settle(workflowId: string, key: string, receipt: EffectReceipt): Promise<EffectReceipt> {
    const mark = receipt.outcome === 'uncertain' ? 'u' : 'd'
    const values = [checkName('effect', key), `${mark}${JSON.stringify(receipt)}`]
    const answer = await this.#connection.run(settleScript, [this.#key(workflowId)], values)
    const receipted = receiptOf(answer as string)
    if (receipted === null) throw unknownEffect(workflowId, key)
    return receipted
  }

  async find(workflowId: string, key: string): Promise<EffectRecord | null> {
    const hash = this.#key(workflowId)
    const fields = [`i:${key}`, `n:${key}`, `r:${key}`]
    const [intent, deliveries, receipt] = await this.#connection.ask((client) =>
      client.hmGet(hash, fields),
    )
    return intent == null ? null : recordOf([intent, deliveries ?? '0', receipt ?? ''])
  }

  async list(workflowId: string): Promise<readonly EffectRecord[]> {
    const hash = this.#key(workflowId)
    const fields = await this.#connection.ask((client) => client.hGetAll(hash))
    return Object.entries(fields)
      .filter(([field]) => field.startsWith('i:'))
      .map(([field, intent]) => {
        const key = field.slice(2)
        return recordOf([intent, fields[`n:${key}`] ?? '0', fields[`r:${key}`] ?? ''])
      })
      .toSorted(byIntent)
  }

  async expire(workflowId: string, keepMs: number): Promise<void> {
    const values = [checkCount('keepMs', keepMs, 0)]
    await this.#connection.run(expireScript, [this.#key(workflowId)], values)
  }

  #key(workflowId: string): string {
    return ledgerKey(this.#prefix, executionId(workflowId))
  }
}

function recordOf([intent = '', deliveries, receipt = '']: readonly string[]): EffectRecord {
  return {
    intent: JSON.parse(intent) as EffectIntent,
    deliveries: Number(deliveries),
    receipt: receiptOf(receipt),
  }
}

function receiptOf(text: string): EffectReceipt | null {
  return text === '' ? null : (JSON.parse(text.slice(1)) as EffectReceipt)
}
