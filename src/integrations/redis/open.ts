import type { RedisClientOptions, RedisClientType } from 'redis'
import { type Clock, systemClock } from '../../core/clock.ts'
import { type RedisAddress, redisAddress } from './address.ts'
import { RedisConnection } from './connection.ts'
import { inTime } from './in-time.ts'
import { loadRedis, type RedisModule } from './load.ts'
import { redisError } from './redis-error.ts'
import { checkRequirements, type RedisFacts, redisFacts } from './requirements.ts'

export interface OpenRedisOptions {
  /** `redis[s]://[[user]:password@]host[:port][/database]` or `host:port`; of a cluster any node. */
  readonly url: string
  /** Default the computer's own. */
  readonly clock?: Clock
  /** How long the first connection may take; default 5,000. */
  readonly connectMsMax?: number
  /** How long an answer is waited for; default 5,000. */
  readonly answerMsMax?: number
}

/** A use of the connection that all users of one Redis share. */
export interface OpenedRedis {
  readonly connection: RedisConnection
  readonly facts: RedisFacts
  /** The connection ends with its last user. What is under way is finished first. */
  readonly close: () => Promise<void>
}

interface Shared {
  readonly opened: Promise<Opened>
  users: number
}

interface Opened {
  readonly connection: RedisConnection
  readonly facts: RedisFacts
  readonly end: () => Promise<void>
}

const shared = new Map<string, Shared>()
const reconnectMsMax = 2_000
/** Commands that wait for a connection or an answer. */
const commandsMax = 100_000

/**
 * Connects to a Redis, or to a cluster by any node of it. All who open the same URL in a process share one
 * connection (to each node); the first one's options count.
 *
 * @throws StorageError when it is out of reach, refuses the password, is too old, no Redis, or is not set to
 *   `appendonly yes` and `maxmemory-policy noeviction`; UsageError for a bad URL or a missing package
 */
export async function openRedis(options: OpenRedisOptions): Promise<OpenedRedis> {
  const address = redisAddress(options.url)
  const entry = shared.get(address.url) ?? { opened: connect(address, options), users: 0 }
  shared.set(address.url, entry)
  entry.users++
  const leave = (): boolean => {
    if (--entry.users > 0) return false
    return shared.get(address.url) === entry && shared.delete(address.url)
  }
  try {
    const { connection, facts, end } = await entry.opened
    let isOpen = true
    const close = async (): Promise<void> => {
      if (isOpen && leave()) await end()
      isOpen = false
    }
    return { connection, facts, close }
  } catch (thrown) {
    leave()
    throw thrown
  }
}

/** A Redis as it is, whatever its settings, and how long it took to answer. @throws as `openRedis`, but for its settings */
export async function probeRedis(
  options: OpenRedisOptions,
): Promise<{ readonly facts: RedisFacts; readonly latencyMs: number }> {
  const address = redisAddress(options.url)
  const clock = options.clock ?? systemClock
  const { client, facts } = await firstNode(await loadRedis(), address, options)
  try {
    const startedMs = clock.monotonicMs()
    await client.ping()
    return { facts, latencyMs: clock.monotonicMs() - startedMs }
  } finally {
    client.destroy()
  }
}

async function connect(address: RedisAddress, options: OpenRedisOptions): Promise<Opened> {
  const module = await loadRedis()
  const { client, facts } = await firstNode(module, address, options)
  const { clock = systemClock, answerMsMax = 5_000 } = options
  const ofConnection = { clock, answerMsMax, shown: address.shown }
  try {
    checkRequirements(facts, address.shown)
  } catch (thrown) {
    client.destroy()
    throw thrown
  }
  if (!facts.isCluster)
    return {
      connection: new RedisConnection(client, false, ofConnection),
      facts,
      end: () => client.close(),
    }
  client.destroy()
  const cluster = module.createCluster({
    rootNodes: [{ url: address.url }],
    defaults: { ...clientOptions(() => true), ...credentials(address) },
  })
  cluster.on('error', ignored)
  try {
    const hint = 'a node of the cluster may be out of reach: redis-cli --cluster check'
    const wait = { clock, ms: options.connectMsMax ?? 5_000, shown: address.shown, hint }
    await inTime(cluster.connect(), wait)
    for (const { address: node, client: ready } of cluster.masters) {
      const info = await ready?.info()
      checkRequirements(redisFacts(info ?? '', node), node)
    }
  } catch (thrown) {
    cluster.destroy()
    throw redisError(thrown, address.shown)
  }
  return {
    connection: new RedisConnection(cluster, true, ofConnection),
    facts,
    end: () => cluster.close(),
  }
}

/** Connects to the node of the URL and asks what it is. */
async function firstNode(
  module: RedisModule,
  address: RedisAddress,
  { clock = systemClock, connectMsMax = 5_000 }: OpenRedisOptions,
): Promise<{ readonly client: RedisClientType; readonly facts: RedisFacts }> {
  let isConnected = false
  const client = module.createClient({
    url: address.url,
    ...clientOptions(() => isConnected),
    emitInvalidate: true,
  }) as RedisClientType
  client.on('error', ignored)
  try {
    const info = client.connect().then(() => client.info())
    const hint = 'check host and port: what listens there may be no Redis'
    const wait = { clock, ms: connectMsMax, shown: address.shown, hint }
    const facts = redisFacts(await inTime(info, wait), address.shown)
    isConnected = true
    return { client, facts }
  } catch (thrown) {
    client.destroy()
    throw redisError(
      hungUp(thrown) ? new Error('protocol error: it hung up') : thrown,
      address.shown,
    )
  }
}

/** Whether a connection was ended in the middle of its beginning, by the other side or for what it said. */
function hungUp(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes('closed unexpectedly')
}

/** @param isKept whether a connection that is cut is made again; the first attempt has to succeed */
function clientOptions(isKept: () => boolean) {
  return {
    RESP: 3,
    commandsQueueMaxLength: commandsMax,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      reconnectStrategy: (tries: number) => isKept() && Math.min(50 * 2 ** tries, reconnectMsMax),
    },
  } as const satisfies RedisClientOptions
}

/** The other nodes of a cluster take the user and the password of the first. */
function credentials({ url }: RedisAddress): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  }
}

/** Every failure also rejects what was asked; the client only wants to be listened to. */
function ignored(): void {}
