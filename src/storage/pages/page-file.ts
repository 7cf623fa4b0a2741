import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { storageErrorOf } from '../storage-error.ts'
import { logFrames, pageBytes } from './log-frames.ts'

/** One version of one page. */
export interface PageVersion {
  readonly page: number
  readonly bytes: Buffer
}

/**
 * The pages of a database file and its write-ahead log, read without SQLite: no damage of one page
 * keeps the others from being read. Every file of Aura has pages of 4 KiB.
 */
export class PageFile {
  readonly pageCount: number
  readonly #main: number
  readonly #log: number | null
  /** Offsets in the log of the intact versions of each page, newest first; -1 for one that is broken. */
  readonly #versions = new Map<number, number[]>()

  /** @throws StorageError when the file cannot be read */
  constructor(path: string) {
    try {
      this.#main = openSync(path, 'r')
      this.#log = openLog(`${path}-wal`)
    } catch (thrown) {
      throw storageErrorOf(thrown, path)
    }
    let last = Math.ceil(fstatSync(this.#main).size / pageBytes)
    const log = this.#log
    const frames = log === null ? [] : logFrames((offset, length) => bytesOf(log, offset, length))
    for (const { page, offset, isIntact } of frames) {
      const versions = this.#versions.get(page)
      if (versions === undefined) this.#versions.set(page, [isIntact ? offset : -1])
      else versions.unshift(isIntact ? offset : -1)
      if (isIntact && page > last) last = page
    }
    this.pageCount = last
  }

  /** The newest version of every page; an older one is given where the newest is broken. */
  *newest(): Generator<PageVersion> {
    for (let page = 1; page <= this.pageCount; page++) yield { page, bytes: this.page(page) }
  }

  /** What is left of pages whose newest version is broken: their other versions, newest first. */
  *older(): Generator<PageVersion> {
    for (const [page, versions] of this.#versions) {
      if (page > this.pageCount || versions[0] !== -1) continue
      const intact = versions.filter((offset) => offset !== -1)
      for (const offset of intact.slice(1)) yield { page, bytes: this.#ofLog(offset) }
      if (intact.length > 0) yield { page, bytes: this.#ofFile(page) }
    }
  }

  /** The newest intact version; zeros past the end of the file. */
  page(page: number): Buffer {
    const offset = this.#versions.get(page)?.find((place) => place !== -1)
    return offset === undefined ? this.#ofFile(page) : this.#ofLog(offset)
  }

  /** Whether `page` gives an older version, since the newest is broken. */
  isOutdated(page: number): boolean {
    return this.#versions.get(page)?.[0] === -1
  }

  close(): void {
    closeSync(this.#main)
    if (this.#log !== null) closeSync(this.#log)
  }

  #ofFile(page: number): Buffer {
    return wholePage(bytesOf(this.#main, (page - 1) * pageBytes, pageBytes))
  }

  #ofLog(offset: number): Buffer {
    return wholePage(this.#log === null ? Buffer.alloc(0) : bytesOf(this.#log, offset, pageBytes))
  }
}

function openLog(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw thrown
  }
}

function bytesOf(descriptor: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
}

/** A file that was cut short ends in the middle of a page. */
function wholePage(bytes: Buffer): Buffer {
  return bytes.length === pageBytes ? bytes : Buffer.concat([bytes], pageBytes)
}
