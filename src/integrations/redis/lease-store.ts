import { checkCount, checkName, type Lease, type LeaseStore } from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { defaultPrefix, leaseKeys } from './keys.ts'

/** How long the last token of a lease is remembered; nobody may stall for longer. */
const tokenMs = 30 * 86_400_000
/** The longest lease. */
const ttlMsMax = 86_400_000

const acquireScript = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local token = string.format('%.0f', redis.call('INCR', KEYS[2]))
redis.call('PEXPIRE', KEYS[2], ${tokenMs})
redis.call('SET', KEYS[1], token .. ':' .. ARGV[1], 'PX', ARGV[2])
return token
`)

/** ARGV[2]: how long it is held from now on; 0 gives it up. */
const holdScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/**
 * Leases in Redis, whose clock decides. Redis replicates after it has answered: a failover may forget a grant, so
 * that two hold the same name for a while. A store then lets through who writes first and fences the other, also
 * when both have the same token.
 */
export class RedisLeaseStore implements LeaseStore {
  readonly #connection: RedisConnection
  readonly #prefix: string

  /** @param options.prefix what every key begins with; default `aura:` */
  constructor(options: { readonly connection: RedisConnection; readonly prefix?: string }) {
    this.#connection = options.connection
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const keys = leaseKeys(this.#prefix, leaseName(name))
    const values = [checkName('holder', holder), checkCount('ttlMs', Math.min(ttlMs, ttlMsMax), 1)]
    const token = await this.#connection.run(acquireScript, keys, values)
    return token === null ? null : { name, holder, token: Number(token), ttlMs }
  }

  renew(lease: Lease): Promise<boolean> {
    return this.#hold(lease, Math.min(lease.ttlMs, ttlMsMax))
  }

  release(lease: Lease): Promise<boolean> {
    return this.#hold(lease, 0)
  }

  async #hold({ name, holder, token }: Lease, forMs: number): Promise<boolean> {
    const keys = leaseKeys(this.#prefix, leaseName(name))
    return (await this.#connection.run(holdScript, keys, [`${token}:${holder}`, forMs])) === 1
  }
}

/** A brace would end the part of the key that names its node. */
function leaseName(name: string): string {
  return encodeURIComponent(checkName('lease', name))
}
