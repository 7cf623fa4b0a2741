import type { Clock } from '../core/clock.ts'
import { blobHash } from '../storage/index.ts'
import type { BlobStore } from './blob-store.ts'
import { checkBytes } from './checked-entry.ts'
import { checkCount } from './checked-write.ts'

/** Texts by hash inside one process, for tests. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, { readonly text: string; readonly untilMs: number }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async put(text: string, keepMs: number | null): Promise<string> {
    if (keepMs !== null) checkCount('keepMs', keepMs, 1)
    const hash = blobHash(checkBytes(text, 'payloadBytesMax'))
    const untilMs = keepMs === null ? Infinity : this.#clock.nowMs() + keepMs
    const known = this.#blobs.get(hash)?.untilMs ?? 0
    this.#blobs.set(hash, { text, untilMs: Math.max(known, untilMs) })
    return hash
  }

  async get(hash: string): Promise<string | null> {
    const blob = this.#blobs.get(hash)
    return blob === undefined || blob.untilMs <= this.#clock.nowMs() ? null : blob.text
  }
}
