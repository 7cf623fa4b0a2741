import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Database } from '../../storage/index.ts'
import type { JournalBatch } from './journal.ts'
import { SqliteJournal } from './sqlite.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

const nothing: JournalBatch = { documents: [], starts: [], rows: [], statuses: [] }
const retryableStorageError = expect.objectContaining({ code: 'StorageError', retryable: true })

describe('a full disk', () => {
  it('refuses whole batches as retryable, and takes them once there is room', async () => {
    const { journal, makeRoom } = openOnSmallDisk()
    const recorded = await appendUntilRefused(journal)
    expect(recorded).toBeGreaterThan(1)
    expect(journal.rows(1)).toHaveLength(recorded)
    await expect(journal.append(bigRow(recorded + 1))).rejects.toEqual(retryableStorageError)
    expect(journal.rows(1)).toHaveLength(recorded)
    makeRoom()
    await journal.append(bigRow(recorded + 1))
    expect(journal.rows(1)).toHaveLength(recorded + 1)
  })
})

describe('a file that became read-only', () => {
  it('refuses batches as retryable, and takes them once it is writable', async () => {
    const database = Database.open({ path: join(newDirectory(), 'aura.db') })
    cleanUps.push(() => database.close())
    const journal = new SqliteJournal(database)
    database.prepare('PRAGMA query_only = ON').run()
    await expect(journal.append(bigRow(1))).rejects.toEqual(retryableStorageError)
    database.prepare('PRAGMA query_only = OFF').run()
    await journal.append(bigRow(1))
    expect(journal.rows(1)).toHaveLength(1)
  })
})

function bigRow(seq: number): JournalBatch {
  return { ...nothing, rows: [{ execution: 1, seq, count: 1, payload: 'x'.repeat(50_000) }] }
}

async function appendUntilRefused(journal: SqliteJournal): Promise<number> {
  for (let seq = 1; seq < 1_000; seq++) {
    const refusal = await journal.append(bigRow(seq)).catch((thrown: unknown) => thrown)
    if (refusal === undefined) continue
    expect(refusal).toEqual(retryableStorageError)
    return seq - 1
  }
  throw new Error('the disk never filled up')
}

/** A file system of 2 MB where this user may mount one, else a limit on the file's pages: both end in SQLITE_FULL. */
function openOnSmallDisk(): { journal: SqliteJournal; makeRoom: () => void } {
  const directory = newDirectory()
  const mounted = mount(directory)
  const ballast = join(directory, 'ballast')
  if (mounted) writeFileSync(ballast, 'x'.repeat(500_000))
  const database = Database.open({ path: join(directory, 'aura.db') })
  cleanUps.push(() => database.close())
  const pages = (count: number) => database.prepare(`PRAGMA max_page_count = ${count}`).get()
  if (!mounted) pages(200)
  return {
    journal: new SqliteJournal(database),
    makeRoom: () => (mounted ? rmSync(ballast) : pages(1_000_000)),
  }
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'full-disk-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function mount(directory: string): boolean {
  if (process.geteuid?.() !== 0) return false
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory])
  if (result.status !== 0) return false
  cleanUps.push(() => spawnSync('umount', [directory]))
  return true
}
