import type { StatementSync } from 'node:sqlite'
import { limits } from '../../core/limits.ts'
import {
  blobCodec,
  type Database,
  type DatabaseReader,
  decodePayload,
  blobHash,
  joinBlobs,
  plainCodec,
  splitBlobs,
} from '../../storage/index.ts'
import { damaged, decodingStored } from './damage.ts'

/** A payload as it is stored. */
export interface StoredPayload {
  readonly codec: number
  readonly payload: string
}

interface Payload {
  readonly execution: number
  readonly payload: string
}

/** Stores the large values of payloads once. */
export class BlobWriter {
  readonly #find: StatementSync
  readonly #add: StatementSync
  readonly #refer: StatementSync

  constructor(database: Database) {
    this.#find = database.prepare('SELECT blob FROM blobs WHERE namespace = 0 AND hash = ?')
    this.#add = database.prepare(
      `INSERT INTO blobs (namespace, hash, codec, payload) VALUES (0, ?, ${plainCodec}, ?)
       RETURNING blob`,
    )
    this.#refer = database.prepare(
      'INSERT OR IGNORE INTO blob_refs (namespace, execution, blob) VALUES (0, ?, ?)',
    )
  }

  /** What to store for the payload of a row; its large values are stored now. */
  store({ execution, payload }: Payload): StoredPayload {
    const split = splitBlobs(payload, limits.blobBytesMin)
    if (split === null) return { codec: plainCodec, payload }
    for (const [name, value] of split.values) {
      const hash = Buffer.from(name, 'hex')
      const row = this.#find.get(hash) ?? this.#add.get(hash, value)
      this.#refer.run(execution, row?.['blob'] as number)
    }
    return { codec: blobCodec, payload: split.text }
  }

  /**
   * What to store for a payload that is replaced again and again: it names values that are stored already
   * and adds none, which nobody would remove.
   */
  share({ execution, payload }: Payload): StoredPayload {
    const known = new Map<string, number>()
    const split = splitBlobs(payload, limits.blobBytesMin, (name) => {
      const row = this.#find.get(Buffer.from(name, 'hex'))
      if (row !== undefined) known.set(name, row['blob'] as number)
      return row !== undefined
    })
    if (split === null) return { codec: plainCodec, payload }
    for (const blob of known.values()) this.#refer.run(execution, blob)
    return { codec: blobCodec, payload: split.text }
  }
}

/** Puts payloads together again. */
export class BlobReader {
  readonly #find: StatementSync

  constructor(database: DatabaseReader) {
    this.#find = database.prepare(
      'SELECT codec, payload FROM blobs WHERE namespace = 0 AND hash = ?',
    )
  }

  /**
   * Decodes the stored payloads of one answer; a value that several contain is read once.
   *
   * @returns a function that gives the text of a stored payload
   * @throws StateConsistencyError when a value is missing or is not what its hash says
   */
  decoder(execution: number): (codec: number, payload: unknown) => string {
    const values = new Map<string, string>()
    const valueOf = (name: string): string => {
      const known = values.get(name)
      if (known !== undefined) return known
      const value = this.#read(execution, name)
      values.set(name, value)
      return value
    }
    return (codec, payload) =>
      codec === blobCodec && typeof payload === 'string'
        ? joinBlobs(payload, valueOf)
        : decodePayload(codec, payload)
  }

  #read(execution: number, name: string): string {
    const what = `the value ${name}, of which execution number ${execution} has rows,`
    const details = { execution, blob: name }
    const row = this.#find.get(Buffer.from(name, 'hex'))
    const value = decodingStored(what, details, () =>
      row === undefined ? undefined : decodePayload(row['codec'] as number, row['payload']),
    )
    if (value === undefined || blobHash(value) !== name) throw damaged(what, details)
    return value
  }
}
