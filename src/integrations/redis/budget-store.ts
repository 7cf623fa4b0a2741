import {
  type BudgetAccount,
  type BudgetAmount,
  type BudgetGrant,
  type BudgetStore,
  checkCharge,
  checkName,
  unknownCharge,
} from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { budgetKey, chargeKey, defaultPrefix } from './keys.ts'

const billion = 1_000_000_000
/** How long a settled charge is remembered, so that repeats of it are known. */
const chargeMs = 86_400_000

/**
 * A total is a hash of `from` (when its span began), `calls`, `tokens`, `nano` (billionths of a dollar) and `open`
 * (charges that are reserved): whole numbers, so that sums are exact. One of an earlier span counts as nothing, one of
 * a later span stays.
 */
const prelude = `
local function int(n) return string.format('%.0f', n) end
local function total(key, from)
  local kept = redis.call('HMGET', key, 'from', 'calls', 'tokens', 'nano', 'open')
  if not kept[1] or tonumber(kept[1]) < from then return from, { 0, 0, 0, 0 } end
  return tonumber(kept[1]), { tonumber(kept[2]), tonumber(kept[3]), tonumber(kept[4]),
    tonumber(kept[5]) }
end
local function add(key, from, spent, change)
  redis.call('HSET', key, 'from', int(from), 'calls', int(spent[1] + change[1]),
    'tokens', int(spent[2] + change[2]), 'nano', int(spent[3] + change[3]),
    'open', int(spent[4] + change[4]))
end
`

/** KEYS: charge, then the totals. ARGV: calls, tokens, nano, then for each total its span and three limits ('' for none). */
const reserveScript = script(`${prelude}
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'granted' } end
local need = { tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), 1 }
for n = 2, #KEYS do
  local first = 4 + (n - 2) * 4
  local _, spent = total(KEYS[n], tonumber(ARGV[first]))
  for of = 1, 3 do
    local limit = ARGV[first + of]
    if limit ~= '' and need[of] > tonumber(limit) - spent[of] then
      return { 'exceeded', tostring(n - 2), tostring(of), int(tonumber(limit) - spent[of]), int(spent[4]) }
    end
  end
end
local spans = {}
for n = 2, #KEYS do
  local from, spent = total(KEYS[n], tonumber(ARGV[4 + (n - 2) * 4]))
  add(KEYS[n], from, spent, need)
  spans[#spans + 1] = int(from) .. ' ' .. KEYS[n]
end
redis.call('HSET', KEYS[1], 'calls', ARGV[1], 'tokens', ARGV[2], 'nano', ARGV[3], 'spans', cmsgpack.pack(spans))
return { 'granted' }
`)

/** KEYS: charge. ARGV: calls, tokens, nano. The totals lie on the same node. */
const settleScript = script(`${prelude}
local charge = redis.call('HMGET', KEYS[1], 'calls', 'tokens', 'nano', 'spans')
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
if not charge[4] then return 'settled' end
local change = { 0, 0, 0, -1 }
for of = 1, 3 do change[of] = tonumber(ARGV[of]) - tonumber(charge[of]) end
for _, span in ipairs(cmsgpack.unpack(charge[4])) do
  local reserved, key = string.match(span, '^(%d+) (.*)$')
  local from, spent = total(key, tonumber(reserved))
  if from == tonumber(reserved) then add(key, from, spent, change) end
end
redis.call('HDEL', KEYS[1], 'spans')
redis.call('PEXPIRE', KEYS[1], ${chargeMs})
return 'settled'
`)

const kinds = ['calls', 'tokens', 'costUsd'] as const

/** Budgets in Redis. */
export class RedisBudgetStore implements BudgetStore {
  readonly #connection: RedisConnection
  readonly #prefix: string

  /** @param options.prefix what every key begins with; default `aura:` */
  constructor(options: { readonly connection: RedisConnection; readonly prefix?: string }) {
    this.#connection = options.connection
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async reserve(
    chargeId: string,
    accounts: readonly BudgetAccount[],
    most: BudgetAmount,
  ): Promise<BudgetGrant> {
    checkCharge(chargeId, accounts, most)
    const names = accounts.map(({ name }) => budgetKey(this.#prefix, name))
    const limits = accounts.flatMap(({ fromMs, limit: { calls, tokens, costUsd } }) => [
      fromMs,
      calls ?? '',
      tokens ?? '',
      costUsd === null ? '' : nano(costUsd),
    ])
    const keys = [chargeKey(this.#prefix, chargeId), ...names]
    const values = [most.calls, most.tokens, nano(most.costUsd), ...limits]
    const [word, place, of, left, open] = (await this.#connection.run(
      reserveScript,
      keys,
      values,
    )) as readonly string[]
    if (word === 'granted') return { kind: 'granted' }
    const kind = kinds[Number(of) - 1] as (typeof kinds)[number]
    return {
      kind: 'exceeded',
      account: accounts[Number(place)]?.name ?? '',
      of: kind,
      left: kind === 'costUsd' ? Number(left) / billion : Number(left),
      mayFitLater: kind !== 'calls' && Number(open) > 0,
    }
  }

  async settle(chargeId: string, used: BudgetAmount): Promise<void> {
    checkCharge(chargeId, [], used)
    const values = [used.calls, used.tokens, nano(used.costUsd)]
    const keys = [chargeKey(this.#prefix, chargeId)]
    if ((await this.#connection.run(settleScript, keys, values)) === 'unknown')
      throw unknownCharge(chargeId)
  }

  async spent({ name, fromMs }: Pick<BudgetAccount, 'name' | 'fromMs'>): Promise<BudgetAmount> {
    const key = budgetKey(this.#prefix, checkName('budget', name))
    const fields = ['from', 'calls', 'tokens', 'nano']
    const [from, calls, tokens, cost] = await this.#connection.ask((client) =>
      client.hmGet(key, fields),
    )
    if (from == null || Number(from) < fromMs) return { calls: 0, tokens: 0, costUsd: 0 }
    return { calls: Number(calls), tokens: Number(tokens), costUsd: Number(cost) / billion }
  }
}

function nano(costUsd: number): number {
  return Math.round(costUsd * billion)
}
