import {
  type Beat,
  checkBeat,
  otherShards,
  type PlacementStore,
  type PlacementView,
} from '../../placement/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { defaultPrefix, placementKeys } from './keys.ts'

/**
 * KEYS: members (by the time until which they live), holders, tokens, number of shards. ARGV: instance, lease,
 * shards, how many are taken, those, those that are given up. A number of shards that is not the installation's is
 * answered with the right one.
 */
const beatScript = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local me = ARGV[1]
local known = tonumber(redis.call('GET', KEYS[4]) or 0)
local shards = tonumber(ARGV[3])
local others = redis.call('ZCARD', KEYS[1])
if redis.call('ZSCORE', KEYS[1], me) then others = others - 1 end
if shards < known or (shards ~= known and others > 0) then return known end
redis.call('SET', KEYS[4], ARGV[3])
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), me)
local takes = tonumber(ARGV[4])
for place = 5 + takes, #ARGV do
  if redis.call('HGET', KEYS[2], ARGV[place]) == me then redis.call('HDEL', KEYS[2], ARGV[place]) end
end
for place = 5, 4 + takes do
  local holder = redis.call('HGET', KEYS[2], ARGV[place])
  if not holder or not redis.call('ZSCORE', KEYS[1], holder) then
    redis.call('HSET', KEYS[2], ARGV[place], me)
    redis.call('HINCRBY', KEYS[3], ARGV[place], 1)
  end
end
return { redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]) }
`)

const leaveScript = script(`
redis.call('ZREM', KEYS[1], ARGV[1])
local holders = redis.call('HGETALL', KEYS[2])
for place = 1, #holders, 2 do
  if holders[place + 1] == ARGV[1] then redis.call('HDEL', KEYS[2], holders[place]) end
end
return 1
`)

/** The instances of an installation in Redis, whose clock decides. */
export class RedisPlacementStore implements PlacementStore {
  readonly #connection: RedisConnection
  readonly #keys: readonly string[]

  /** @param options.name of the installation; `prefix` what every key begins with, default `aura:` */
  constructor(options: {
    readonly connection: RedisConnection
    readonly name: string
    readonly prefix?: string
  }) {
    this.#connection = options.connection
    this.#keys = placementKeys(options.prefix ?? defaultPrefix, encodeURIComponent(options.name))
  }

  async beat(beat: Beat): Promise<PlacementView> {
    const { instance, leaseMs, shards, take, release } = checkBeat(beat)
    const values = [instance, leaseMs, shards, take.length, ...take, ...release]
    const answer = await this.#connection.run(beatScript, this.#keys, values)
    if (typeof answer === 'number') throw otherShards(shards, answer)
    const [members, holders, tokens] = answer as readonly (readonly string[])[]
    return viewOf(members ?? [], pairs(holders ?? []), new Map(pairs(tokens ?? [])))
  }

  async leave(instance: string): Promise<void> {
    await this.#connection.run(leaveScript, this.#keys, [instance])
  }
}

function viewOf(
  members: readonly string[],
  holders: readonly (readonly [string, string])[],
  tokens: ReadonlyMap<string, string>,
): PlacementView {
  const living = new Set(members)
  const holds = holders
    .filter(([, instance]) => living.has(instance))
    .map(([shard, instance]) => ({
      shard: Number(shard),
      instance,
      token: Number(tokens.get(shard)),
    }))
  return { members: members.toSorted(), holds: holds.toSorted((a, b) => a.shard - b.shard) }
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: flat.length / 2 }, (_, n) => [
    flat[2 * n] as string,
    flat[2 * n + 1] as string,
  ])
}
