import { createHash } from 'node:crypto'
import type { RedisClientType, RedisClusterType } from 'redis'
import type { Clock } from '../../core/clock.ts'
import { inTime } from './in-time.ts'
import { redisError } from './redis-error.ts'

/** Text that Redis runs as one atomic step. */
export interface Script {
  readonly text: string
  readonly sha: string
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

type Client = RedisClientType | RedisClusterType

/** Commands without options that change their answer, as both kinds of client have them. */
type Commands = Pick<RedisClientType, 'evalSha' | 'eval' | 'hGet' | 'hGetAll' | 'hmGet' | 'get'>

export interface ConnectionOptions {
  readonly clock: Clock
  /** For messages: the address without its password. */
  readonly shown: string
  /** How long an answer is waited for. */
  readonly answerMsMax: number
}

/**
 * One connection to a Redis, or one to each node of a cluster, shared by everything in the process. It reconnects
 * by itself; what was sent and not answered rejects.
 */
export class RedisConnection {
  /** For messages: the address without its password. */
  readonly shown: string
  readonly isCluster: boolean
  readonly #client: Client
  readonly #options: ConnectionOptions
  readonly #listeners = new Set<(key: string | null) => void>()

  constructor(client: Client, isCluster: boolean, options: ConnectionOptions) {
    this.#client = client
    this.isCluster = isCluster
    this.shown = options.shown
    this.#options = options
    const tell = (key: string | null): void => {
      for (const listener of this.#listeners) listener(key)
    }
    // What is changed while there is no connection is not told of.
    const missed = (): void => tell(null)
    client.on('error', missed).on('reconnecting', missed)
    client.on('invalidate', (key: Buffer | string | null) =>
      tell(key === null ? null : key.toString()),
    )
  }

  /** Runs a script by its hash; a server that does not know it is given its text. @throws as `ask` */
  run(
    { sha, text }: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    const given = { keys: [...keys], arguments: values.map(String) }
    return this.ask(async (client) => {
      try {
        return await client.evalSha(sha, given)
      } catch (thrown) {
        if (!(thrown instanceof Error && thrown.message.startsWith('NOSCRIPT'))) throw thrown
        return client.eval(text, given)
      }
    })
  }

  /**
   * Sends commands.
   *
   * @throws StorageError, retryable when the connection was cut or gave no answer in time; ResourceExhaustionError
   *   when the server is out of memory
   */
  async ask<Answer>(send: (client: Commands) => Promise<Answer>): Promise<Answer> {
    try {
      const { clock, answerMsMax: ms } = this.#options
      const hint = 'repeat it: whether it happened is not known'
      const answer = send(this.#client)
      return await inTime(answer, { clock, ms, shown: this.shown, hint })
    } catch (thrown) {
      throw redisError(thrown, this.shown)
    }
  }

  /** Calls back with each key that somebody has changed after it was read here; null for all. Not in a cluster. */
  onInvalidate(changed: (key: string | null) => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }
}
