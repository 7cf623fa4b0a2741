import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Embedding } from '../core/contracts/embedder.ts'
import type { MemoryChange, MemoryEntry, MemoryWrite } from '../core/contracts/memory.ts'
import { StateConsistencyError } from '../core/errors.ts'
import { memoryChecksum } from './checksum.ts'
import { decodePayload, plainCodec } from './codec.ts'
import type { Database } from './database.ts'
import { memorySchema } from './memory-schema.ts'
import { readVector, writtenVector } from './memory-vector.ts'
import { recoveryHint } from './storage-error.ts'

/** One owner's namespace. */
export interface MemorySpace {
  readonly owner: string
  readonly namespace: string
}

/** An entry with its number, which no later one of the file has. */
export interface StoredMemory extends MemoryEntry {
  readonly number: number
}

/** How full a namespace is. */
export interface MemoryUse {
  readonly entries: number
  readonly bytes: number
}

type File = Pick<Database, 'prepare' | 'commit' | 'read'>

const columns = `memory AS number, owner, space AS namespace, key, created_at_ms AS createdAtMs,
  written_at_ms AS writtenAtMs, expires_at_ms AS expiresAtMs, checksum, codec, payload`
const ofSpace = 'namespace = 0 AND owner = ? AND space = ?'

/**
 * What agents remember from execution to execution, in the file. `apply` belongs inside a commit; whoever
 * reads sees what was committed and has not expired at `atMs`.
 */
export class MemoryStore {
  readonly #file: File
  readonly #statements = new Map<string, StatementSync>()
  /** Rises with every change of a namespace, so that whoever keeps entries in memory knows. */
  readonly #revisions = new Map<string, number>()
  readonly #uses = new Map<string, MemoryUse>()
  #last: number

  constructor(file: File) {
    this.#file = file
    const last = file.prepare('SELECT max(memory) AS last FROM memories').get()
    this.#last = Number(last?.['last'] ?? 0)
  }

  /** Records what a call has written, in order, and forgets what expired and what there is no room for. */
  apply({ owner, entriesMax, bytesMax, writes }: MemoryChange, atMs: number): void {
    // A clock may know parts of milliseconds; the columns are whole.
    const wholeMs = Math.round(atMs)
    this.#sweep(wholeMs)
    for (const write of writes) this.#write(owner, write, wholeMs)
    for (const namespace of new Set(writes.map((write) => write.namespace)))
      this.#evict({ owner, namespace }, { entries: entriesMax, bytes: bytesMax })
  }

  /** As `apply`, in a commit of its own. @throws StorageError */
  change(change: MemoryChange, atMs: number): void {
    try {
      this.#file.commit(() => this.apply(change, atMs))
    } catch (thrown) {
      this.forget()
      throw thrown
    }
  }

  /** A commit was not made: what was counted in it has not happened. */
  forget(): void {
    this.#uses.clear()
  }

  /** @throws StateConsistencyError when it was altered on disk */
  get({ owner, namespace }: MemorySpace, key: string, atMs: number): StoredMemory | null {
    const row = this.#read(() =>
      this.#sql(`SELECT ${columns} FROM memories WHERE ${ofSpace} AND key = ?`).get(
        owner,
        namespace,
        key,
      ),
    )
    const found = row === undefined ? null : entryIn(row)
    return found === null || isExpired(found, atMs) ? null : found
  }

  /** Numbers of the entries of a namespace, those that have expired among them, the oldest first. */
  numbers({ owner, namespace }: MemorySpace): readonly number[] {
    const rows = this.#read(() =>
      this.#sql(`SELECT memory FROM memories WHERE ${ofSpace} ORDER BY memory`).all(
        owner,
        namespace,
      ),
    )
    return rows.map((row) => Number(row['memory']))
  }

  /** @throws StateConsistencyError when it was altered on disk */
  entry(number: number): StoredMemory | null {
    const row = this.#read(() =>
      this.#sql(`SELECT ${columns} FROM memories WHERE memory = ?`).get(number),
    )
    return row === undefined ? null : entryIn(row)
  }

  /** Namespaces of an owner, by name, with what is in them. */
  namespaces(owner: string, atMs: number): readonly string[] {
    const rows = this.#read(() =>
      this.#sql(
        `SELECT DISTINCT space FROM memories WHERE namespace = 0 AND owner = ?
         AND (expires_at_ms IS NULL OR expires_at_ms > ?) ORDER BY space`,
      ).all(owner, atMs),
    )
    return rows.map((row) => String(row['space']))
  }

  use({ owner, namespace }: MemorySpace): MemoryUse {
    const name = nameOf({ owner, namespace })
    let use = this.#uses.get(name)
    if (use === undefined) {
      const row = this.#read(() =>
        this.#sql(
          `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM memories WHERE ${ofSpace}`,
        ).get(owner, namespace),
      )
      use = { entries: Number(row?.['entries']), bytes: Number(row?.['bytes']) }
      this.#uses.set(name, use)
    }
    return use
  }

  /** Another number whenever something in the namespace has changed. */
  revision(space: MemorySpace): number {
    return this.#revisions.get(nameOf(space)) ?? 0
  }

  /** The vector that the embedder of that id has made of an entry; null when it has made none. */
  vector(number: number, embedder: string): Embedding | null {
    const row = this.#read(() =>
      this.#sql(
        'SELECT vector FROM memory_vectors WHERE namespace = 0 AND memory = ? AND embedder = ?',
      ).get(number, embedder),
    )
    return row === undefined ? null : readVector(row['vector'] as Uint8Array)
  }

  /** Keeps vectors, each of which follows from its entry's text; of one that is gone nothing is kept. */
  keepVectors(embedder: string, vectors: ReadonlyMap<number, Embedding>): void {
    if (vectors.size === 0) return
    this.#file.commit(() => {
      const insert = this.#sql(
        `INSERT OR REPLACE INTO memory_vectors (namespace, memory, embedder, vector)
         SELECT 0, memory, ?2, ?3 FROM memories WHERE memory = ?1`,
      )
      for (const [number, vector] of vectors) insert.run(number, embedder, writtenVector(vector))
    })
  }

  #write(owner: string, { namespace, key, entry }: MemoryWrite, atMs: number): void {
    const space = { owner, namespace }
    const before = this.#sql(
      `SELECT memory, created_at_ms AS createdAtMs, bytes FROM memories WHERE ${ofSpace} AND key = ?`,
    ).get(owner, namespace, key)
    if (before !== undefined) this.#remove(space, Number(before['memory']), Number(before['bytes']))
    if (entry === undefined) return
    const { value, text, metadata, ttlMs } = entry
    const number = ++this.#last
    const codec = plainCodec
    const payload = JSON.stringify({ value, text, metadata })
    const bytes = entryBytes(key, payload)
    const createdAtMs = Number(before?.['createdAtMs'] ?? atMs)
    const expiresAtMs = ttlMs === undefined ? null : atMs + ttlMs
    const times = { createdAtMs, writtenAtMs: atMs, expiresAtMs }
    const stored = { number, owner, namespace, key, ...times, codec, payload }
    this.#sql(
      `INSERT INTO memories (memory, namespace, owner, space, key, created_at_ms, written_at_ms,
         expires_at_ms, bytes, checksum, codec, payload) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      number,
      owner,
      namespace,
      key,
      createdAtMs,
      atMs,
      expiresAtMs,
      bytes,
      memoryChecksum(stored),
      codec,
      payload,
    )
    this.#count(space, 1, bytes)
  }

  #sweep(atMs: number): void {
    const rows = this.#sql(
      `SELECT memory, owner, space AS namespace, bytes FROM memories
       WHERE namespace = 0 AND expires_at_ms <= ?`,
    ).all(atMs)
    for (const row of rows) this.#remove(row as never, Number(row['memory']), Number(row['bytes']))
  }

  #evict(space: MemorySpace, most: MemoryUse): void {
    const isOver = (): boolean => {
      const { entries, bytes } = this.use(space)
      return entries > most.entries || bytes > most.bytes
    }
    if (!isOver()) return
    const oldest = this.#sql(
      `SELECT memory, bytes FROM memories WHERE ${ofSpace} ORDER BY memory LIMIT 256`,
    )
    while (isOver()) {
      const rows = oldest.all(space.owner, space.namespace)
      if (rows.length === 0) return
      for (const row of rows)
        if (isOver()) this.#remove(space, Number(row['memory']), Number(row['bytes']))
    }
  }

  #remove(space: MemorySpace, number: number, bytes: number): void {
    // Counted before it is gone: the first count reads the table.
    this.use(space)
    this.#sql('DELETE FROM memories WHERE memory = ?').run(number)
    this.#sql('DELETE FROM memory_vectors WHERE namespace = 0 AND memory = ?').run(number)
    this.#count(space, -1, -bytes)
  }

  #count(space: MemorySpace, entries: number, bytes: number): void {
    const name = nameOf(space)
    this.#revisions.set(name, (this.#revisions.get(name) ?? 0) + 1)
    const use = this.#uses.get(name)
    if (use !== undefined)
      this.#uses.set(name, { entries: use.entries + entries, bytes: use.bytes + bytes })
  }

  #read<T>(work: () => T): T {
    return this.#file.read(work)
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.#file.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }
}

/** What an entry counts for: its key and its payload in UTF-8. */
export function entryBytes(key: string, payload: string): number {
  return Buffer.byteLength(key) + Buffer.byteLength(payload)
}

/** A store that ends with the process, for engines without a file. */
export function memoryStoreInMemory(): MemoryStore {
  const connection = new DatabaseSync(':memory:')
  connection.exec(memorySchema)
  return new MemoryStore({
    prepare: (sql) => connection.prepare(sql),
    commit: (work) => work(),
    read: (work) => work(),
  })
}

/** Whether an entry is there no more at a time. */
export function isExpired({ expiresAtMs }: MemoryEntry, atMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= atMs
}

function nameOf({ owner, namespace }: MemorySpace): string {
  return `${owner}\n${namespace}`
}

function entryIn(row: Readonly<Record<string, unknown>>): StoredMemory {
  if (row['checksum'] !== memoryChecksum(row as never))
    throw new StateConsistencyError(
      `row ${Number(row['number'])} of memories was altered; it is not used`,
      { hint: recoveryHint, details: { table: 'memories', memory: Number(row['number']) } },
    )
  const { number, namespace, key, createdAtMs, writtenAtMs, expiresAtMs } =
    row as never as StoredMemory
  const content = JSON.parse(decodePayload(Number(row['codec']), row['payload'])) as Pick<
    MemoryEntry,
    'value' | 'text' | 'metadata'
  >
  return { number, namespace, key, ...content, createdAtMs, writtenAtMs, expiresAtMs }
}
