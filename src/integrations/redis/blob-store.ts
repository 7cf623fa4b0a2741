import { blobHash } from '../../storage/index.ts'
import { type BlobStore, checkBytes, checkCount, textOfHash } from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { blobKey, defaultPrefix } from './keys.ts'

/** ARGV: text, how long to keep it or ''. One that is there is kept for longer, never for shorter. */
const putScript = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1])
  if ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
elseif ARGV[2] == '' then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], ARGV[2], 'GT') end
return 1
`)

/** Texts by hash in Redis; its clock decides when one is gone. */
export class RedisBlobStore implements BlobStore {
  readonly #connection: RedisConnection
  readonly #prefix: string

  /** @param options.prefix what every key begins with; default `aura:` */
  constructor(options: { readonly connection: RedisConnection; readonly prefix?: string }) {
    this.#connection = options.connection
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async put(text: string, keepMs: number | null): Promise<string> {
    const hash = blobHash(checkBytes(text, 'payloadBytesMax'))
    const keep = keepMs === null ? '' : checkCount('keepMs', keepMs, 1)
    await this.#connection.run(putScript, [blobKey(this.#prefix, hash)], [text, keep])
    return hash
  }

  async get(hash: string): Promise<string | null> {
    const key = blobKey(this.#prefix, hash)
    return textOfHash(await this.#connection.ask((client) => client.get(key)), hash)
  }
}
