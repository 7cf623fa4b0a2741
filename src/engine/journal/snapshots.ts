import type { StatementSync } from 'node:sqlite'
import { isOrchestrationError } from '../../core/errors.ts'
import { type Database, type DatabaseReader, snapshotChecksum } from '../../storage/index.ts'
import type { BlobReader, BlobWriter } from './blobs.ts'
import { isSignOfDamage } from './damage.ts'
import type { SnapshotRow } from './journal.ts'

interface StoredSnapshot {
  readonly execution: number
  readonly seq: number
  readonly kernelVersion: number
  readonly checksum: number
  readonly codec: number
  readonly payload: string
}

/** Reads snapshots, and only undamaged ones. */
export class SnapshotReader {
  readonly #find: StatementSync
  readonly #blobs: BlobReader

  constructor(database: DatabaseReader, blobs: BlobReader) {
    this.#blobs = blobs
    this.#find = database.prepare(`
      SELECT execution, seq, kernel_version AS kernelVersion, checksum, codec, payload FROM snapshots
      WHERE namespace = 0 AND execution = ? AND seq < ? ORDER BY seq DESC LIMIT 1`)
  }

  newest(execution: number): SnapshotRow | undefined {
    // One at a time: the payload of the older one is seldom needed.
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const stored = this.#next(execution, before)
      if (stored === undefined) return undefined
      const payload = this.#decode(stored)
      if (payload !== null) {
        const { seq, kernelVersion } = stored
        return { execution, seq, kernelVersion, payload }
      }
      before = Math.min(stored.seq, before - 1)
    }
  }

  /** Null when the snapshot, or a value that it names, is damaged. */
  #decode(stored: StoredSnapshot): string | null {
    try {
      if (stored.checksum !== snapshotChecksum(stored)) return null
      return this.#blobs.decoder(stored.execution)(stored.codec, stored.payload)
    } catch (thrown) {
      const isDamage = isOrchestrationError(thrown) && thrown.code === 'StateConsistencyError'
      if (isDamage || isSignOfDamage(thrown)) return null
      throw thrown
    }
  }

  #next(execution: number, before: number): StoredSnapshot | undefined {
    try {
      return this.#find.get(execution, before) as unknown as StoredSnapshot | undefined
    } catch (thrown) {
      // A damaged integer may be larger than any number; folding does without snapshots.
      if (isSignOfDamage(thrown)) return undefined
      throw thrown
    }
  }
}

/** Keeps the newest two snapshots of each open execution. */
export class SnapshotWriter {
  readonly #save: StatementSync
  readonly #trim: StatementSync
  readonly #remove: StatementSync
  /** Without any snapshot in the file the end of an execution has nothing to remove. */
  #mayHaveAny: boolean
  readonly #blobs: BlobWriter

  constructor(database: Database, blobs: BlobWriter) {
    this.#blobs = blobs
    this.#save = database.prepare(`
      INSERT INTO snapshots (namespace, execution, seq, kernel_version, checksum, codec, payload)
      VALUES (0, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, execution, seq) DO UPDATE SET
        kernel_version = excluded.kernel_version, checksum = excluded.checksum,
        codec = excluded.codec, payload = excluded.payload`)
    this.#trim = database.prepare(`
      DELETE FROM snapshots WHERE namespace = 0 AND execution = :execution AND seq < (
        SELECT seq FROM snapshots WHERE namespace = 0 AND execution = :execution
        ORDER BY seq DESC LIMIT 1 OFFSET 1)`)
    this.#remove = database.prepare('DELETE FROM snapshots WHERE namespace = 0 AND execution = ?')
    this.#mayHaveAny = database.prepare('SELECT 1 FROM snapshots LIMIT 1').get() !== undefined
  }

  save(snapshot: SnapshotRow): void {
    const { execution, seq, kernelVersion } = snapshot
    const { codec, payload } = this.#blobs.share(snapshot)
    const checksum = snapshotChecksum({ execution, seq, kernelVersion, codec, payload })
    this.#save.run(execution, seq, kernelVersion, checksum, codec, payload)
    this.#trim.run({ execution })
    this.#mayHaveAny = true
  }

  remove(execution: number): void {
    if (this.#mayHaveAny) this.#remove.run(execution)
  }
}
