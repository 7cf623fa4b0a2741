import { type Clock, systemClock } from '../../core/clock.ts'
import { blobHash } from '../../storage/index.ts'
import {
  byNameAndVersion,
  type Catalog,
  type CatalogKind,
  type CatalogRow,
  checkCatalogEntry,
  textOfHash,
} from '../../state/index.ts'
import { type RedisConnection, script } from './connection.ts'
import { catalogKeys, defaultPrefix } from './keys.ts'

/** ARGV: field, hash, now, text. A row is `registeredAtMs hash`. */
const registerScript = script(`
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and string.match(known, ' (.*)$') == ARGV[2] then return known end
local row = ARGV[3] .. ' ' .. ARGV[2]
redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], row)
return row
`)

/** The catalog of an installation in Redis. */
export class RedisCatalog implements Catalog {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  readonly #prefix: string

  /** @param options.clock default the computer's own; `prefix` what every key begins with, default `aura:` */
  constructor(options: {
    readonly connection: RedisConnection
    readonly clock?: Clock
    readonly prefix?: string
  }) {
    this.#connection = options.connection
    this.#clock = options.clock ?? systemClock
    this.#prefix = options.prefix ?? defaultPrefix
  }

  async register(
    kind: CatalogKind,
    entry: { readonly name: string; readonly version: string; readonly text: string },
  ): Promise<CatalogRow> {
    const { name, version, text } = checkCatalogEntry(entry)
    const field = JSON.stringify([name, version])
    const values = [field, blobHash(text), this.#clock.nowMs(), text]
    const row = await this.#connection.run(registerScript, this.#keys(kind), values)
    return rowOf(field, row as string)
  }

  async find(kind: CatalogKind, name: string, version: string): Promise<CatalogRow | null> {
    const [rows] = this.#keys(kind)
    const field = JSON.stringify([name, version])
    const row = await this.#connection.ask((client) => client.hGet(rows, field))
    return row === null ? null : rowOf(field, row)
  }

  async list(kind: CatalogKind): Promise<readonly CatalogRow[]> {
    const [key] = this.#keys(kind)
    const rows = await this.#connection.ask((client) => client.hGetAll(key))
    return Object.entries(rows)
      .map(([field, row]) => rowOf(field, row))
      .toSorted(byNameAndVersion)
  }

  async text(hash: string): Promise<string | null> {
    const [, texts] = this.#keys('document')
    return textOfHash(await this.#connection.ask((client) => client.hGet(texts, hash)), hash)
  }

  #keys(kind: CatalogKind): readonly [string, string] {
    return catalogKeys(this.#prefix, kind)
  }
}

function rowOf(field: string, row: string): CatalogRow {
  const [name, version] = JSON.parse(field) as [string, string]
  const [registeredAtMs, hash = ''] = row.split(' ')
  return { name, version, hash, registeredAtMs: Number(registeredAtMs) }
}
