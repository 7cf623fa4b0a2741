import type { RecordChange, RecordStore } from '../../core/contracts/record-store.ts'
import { checkChange, checkCount, checkName } from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { defaultPrefix, groupKey, groupsKey } from './keys.ts'

/** ARGV: how many are removed, their names, how many are set, names and texts of these, then those to add. */
const writeScript = script(`
local at = 1
local function following() at = at + 1; return ARGV[at - 1] end
for _ = 1, tonumber(following()) do redis.call('HDEL', KEYS[1], following()) end
for _ = 1, tonumber(following()) do redis.call('HSET', KEYS[1], following(), following()) end
while at <= #ARGV do redis.call('HSETNX', KEYS[1], following(), following()) end
redis.call('PERSIST', KEYS[1])
return 1
`)

const removeScript = script(`return redis.call('DEL', KEYS[1])`)
const namesScript = script(`return redis.call('HKEYS', KEYS[1])`)
const expireScript = script(`return redis.call('PEXPIRE', KEYS[1], ARGV[1])`)

const purge = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
`
/** ARGV: group. It has no end. */
const listScript = script(`${purge} return redis.call('ZADD', KEYS[1], '+inf', ARGV[1])`)
/** ARGV: group, in how many milliseconds it ends. */
const endScript = script(
  `${purge} return redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], ARGV[1])`,
)
const unlistScript = script(`return redis.call('ZREM', KEYS[1], ARGV[1])`)
const groupsScript = script(`${purge} return redis.call('ZRANGE', KEYS[1], 0, -1)`)

/** Groups of which it is remembered that they are listed. */
const listedMax = 10_000

/** Records in Redis: each group is a hash, and a sorted set lists the groups by when they end. */
export class RedisRecordStore implements RecordStore {
  readonly #connection: RedisConnection
  readonly #prefix: string
  readonly #listed = new Set<string>()

  /** @param options.prefix what every key begins with; default `aura:` */
  constructor(options: { readonly connection: RedisConnection; readonly prefix?: string }) {
    this.#connection = options.connection
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async names(group: string): Promise<readonly string[]> {
    const names = await this.#connection.run(namesScript, [this.#key(group)], [])
    return (names as string[]).toSorted()
  }

  async read(group: string, names: readonly string[]): Promise<readonly (string | null)[]> {
    const key = this.#key(group)
    if (names.length === 0) return []
    const texts = await this.#connection.ask((client) => client.hmGet(key, [...names]))
    return texts.map((text) => text ?? null)
  }

  async write(group: string, change: RecordChange): Promise<void> {
    checkChange(group, change)
    const { set = new Map<string, string>(), add = [], remove = [] } = change
    // Listed before it is there: a group that nobody lists would never be found again.
    await this.#list(group)
    const values = [remove.length, ...remove, set.size, ...[...set, ...add].flat()]
    await this.#connection.run(writeScript, [this.#key(group)], values)
  }

  async remove(group: string): Promise<void> {
    await this.#connection.run(removeScript, [this.#key(group)], [])
    await this.#onList(unlistScript, group)
  }

  async groups(prefix: string): Promise<readonly string[]> {
    const all = await this.#connection.run(groupsScript, [groupsKey(this.#prefix)], [])
    const found = (all as string[]).filter((group) => group.startsWith(prefix)).toSorted()
    const names = await Promise.all(found.map((group) => this.names(group)))
    return found.filter((_, place) => names[place]?.length !== 0)
  }

  async expire(group: string, keepMs: number): Promise<void> {
    const ms = checkCount('keepMs', keepMs, 1)
    await this.#connection.run(expireScript, [this.#key(group)], [ms])
    await this.#onList(endScript, group, ms)
  }

  async #list(group: string): Promise<void> {
    if (this.#listed.has(group)) return
    await this.#onList(listScript, group)
    if (this.#listed.size >= listedMax) this.#listed.clear()
    this.#listed.add(group)
  }

  /** Changes the list in what it says of a group. */
  async #onList(
    change: typeof listScript,
    group: string,
    ...more: readonly number[]
  ): Promise<void> {
    this.#listed.delete(group)
    await this.#connection.run(change, [groupsKey(this.#prefix)], [group, ...more])
  }

  #key(group: string): string {
    return groupKey(this.#prefix, checkName('group', group))
  }
}
