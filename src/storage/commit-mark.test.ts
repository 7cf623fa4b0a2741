import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { OrchestrationError } from '../core/errors.ts'
import { readMark } from './commit-mark.ts'
import { Database } from './database.ts'
import type { Durability } from './database.ts'
import { openReader } from './reader.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

describe('the mark beside a file', () => {
  it('follows every commit that adds to the journal, forwards and backwards', () => {
    const database = sandbox.open({ path: sandbox.path() })
    expect(readMark(database.path)).toEqual({ position: 0, isDurable: true })
    addRows(database, 3)
    expect(readMark(database.path)?.position).toBe(3)
    database.commit(() => database.prepare('DELETE FROM journal WHERE position = 3').run())
    expect(readMark(database.path)?.position).toBe(2)
  })

  it('is not moved by a commit that fails', () => {
    const database = sandbox.open({ path: sandbox.path() })
    expect(() =>
      database.commit(() => {
        insertRow(database, 1)
        throw new Error('broken')
      }),
    ).toThrow('broken')
    expect(readMark(database.path)?.position).toBe(0)
  })

  it('that is ahead makes owner and reader refuse the file, saying how much is missing', () => {
    const path = fileThatLost(4)
    const refusal = expect.objectContaining({
      code: 'StorageError',
      retryable: false,
      message: expect.stringContaining('ends at position 2, and 6 was committed (4 rows)'),
      hint: expect.stringContaining('aura recover'),
      details: { path, position: 2, committedPosition: 6, missing: 4 },
    })
    expect(() => openReader(path)).toThrow(refusal)
    expect(() => Database.open({ path })).toThrow(refusal)
    // Nothing was written, so it is refused for as long as nobody decides.
    expect(() => Database.open({ path })).toThrow(refusal)
  })

  it('that is ahead is a warning when its commits had not reached the disk', () => {
    const path = fileThatLost(4, 'normal')
    const warnings: OrchestrationError[] = []
    const onWarning = (warning: OrchestrationError): void => void warnings.push(warning)
    openReader(path, { onWarning }).close()
    const database = sandbox.open({ path, onWarning })
    expect(warnings.map(({ details }) => details?.['missing'])).toEqual([4, 4])
    // The owner has taken what is there for the truth.
    expect(readMark(path)?.position).toBe(2)
    database.close()
  })

  it('that is behind, absent, flipped or cut means nothing', () => {
    const path = sandbox.path()
    const database = sandbox.open({ path })
    addRows(database, 1)
    copyFileSync(`${path}.mark`, `${path}.behind`)
    addRows(database, 2)
    database.close()
    const mark = readFileSync(`${path}.mark`)
    copyFileSync(`${path}.behind`, `${path}.mark`)
    openReader(path).close()
    for (let place = 0; place < mark.length; place++) {
      const flipped = Buffer.from(mark)
      flipped[place] = (flipped[place] as number) ^ 0x11
      writeFileSync(`${path}.mark`, flipped)
      openReader(path).close()
    }
    truncateSync(`${path}.mark`, 7)
    openReader(path).close()
    rmSync(`${path}.mark`)
    openReader(path).close()
    sandbox.open({ path })
    expect(readMark(path)?.position).toBe(3)
  })

  it('of a file that was deleted does not block a new one', () => {
    const path = sandbox.path()
    const first = sandbox.open({ path })
    addRows(first, 5)
    first.close()
    rmSync(path)
    expect(existsSync(`${path}.mark`)).toBe(true)
    const second = sandbox.open({ path })
    expect(readMark(path)?.position).toBe(0)
    second.close()
  })

  it('betrays a file that has become empty', () => {
    const path = fileThatLost(4)
    truncateSync(path, 0)
    const refusal = expect.objectContaining({ code: 'StorageError' })
    expect(() => openReader(path)).toThrow(refusal)
    expect(() => Database.open({ path })).toThrow(refusal)
  })
})

/** A file with two rows, where more were committed. */
function fileThatLost(rows: number, durability: Durability = 'full'): string {
  const path = sandbox.path()
  const database = sandbox.open({ path, durability })
  addRows(database, 2)
  database.close()
  copyFileSync(path, `${path}.old`)
  const later = sandbox.open({ path, durability })
  addRows(later, rows, 2)
  later.close()
  copyFileSync(`${path}.old`, path)
  return path
}

function addRows(database: Database, count: number, after = seqOf(database)): void {
  for (let i = 1; i <= count; i++) database.commit(() => insertRow(database, after + i))
}

function insertRow(database: Database, seq: number): void {
  database
    .prepare(
      'INSERT INTO journal (namespace, execution, seq, count, codec, payload) VALUES (0, 1, ?, 1, 0, ?)',
    )
    .run(seq, 'row')
}

function seqOf(database: Database): number {
  return Number(database.prepare('SELECT max(seq) AS seq FROM journal').get()?.['seq'] ?? 0)
}
