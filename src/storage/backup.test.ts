import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { backupDatabase } from './backup.ts'
import { journalChecksum } from './checksum.ts'
import type { Database } from './database.ts'
import { openReader } from './reader.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

describe('a backup', () => {
  it('holds all that was committed, while its owner goes on writing', async () => {
    const database = sandbox.open({ path: sandbox.path() })
    for (let seq = 1; seq <= 200; seq++) addRow(database, seq)
    const target = join(sandbox.directory(), 'copy.db')
    let seq = 200
    const writing = setInterval(() => addRow(database, ++seq), 1)
    const made = await backupDatabase(database.path, target).finally(() => clearInterval(writing))
    expect(made).toEqual({ path: target, bytes: statSync(target).size })
    const copied = rowsIn(target)
    expect(copied).toBeGreaterThanOrEqual(200)
    expect(copied).toBeLessThanOrEqual(seq)
    expect(statSync(target).mode & 0o777).toBe(0o600)
  })

  it('is a file like any other, with nothing beside it', async () => {
    const database = sandbox.open({ path: sandbox.path() })
    addRow(database, 1)
    database.close()
    const target = join(sandbox.directory(), 'copy.db')
    await backupDatabase(database.path, target)
    expect(readdirSync(join(target, '..'))).toEqual(['copy.db'])
    const copy = sandbox.open({ path: target })
    addRow(copy, 2)
    copy.close()
    expect(rowsIn(target)).toBe(2)
  })

  it('replaces no file', async () => {
    const database = sandbox.open({ path: sandbox.path() })
    const target = join(sandbox.directory(), 'copy.db')
    writeFileSync(target, 'mine')
    await expect(backupDatabase(database.path, target)).rejects.toMatchObject({
      code: 'RefusedError',
    })
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })

  it('of nothing is refused', async () => {
    const path = sandbox.path()
    await expect(backupDatabase(path, `${path}.copy`)).rejects.toMatchObject({
      code: 'NotFoundError',
    })
    writeFileSync(path, '')
    await expect(backupDatabase(path, `${path}.copy`)).rejects.toMatchObject({
      code: 'NotFoundError',
    })
  })

  it('of a file with an altered row is refused, and no copy stays', async () => {
    const database = sandbox.open({ path: sandbox.path() })
    addRow(database, 1)
    database.close()
    const bytes = readFileSync(database.path)
    bytes.write('altered', bytes.indexOf('payload of 1'))
    writeFileSync(database.path, bytes)
    const target = join(sandbox.directory(), 'copy.db')
    await expect(backupDatabase(database.path, target)).rejects.toMatchObject({
      code: 'StorageError',
      message: expect.stringContaining('row 1 of journal was altered'),
      hint: expect.stringContaining('aura recover'),
    })
    expect(existsSync(target)).toBe(false)
    expect(readdirSync(join(target, '..'))).toEqual([])
  })
})

it('a backup of a file with an altered checkpoint of a graph is refused', async () => {
  const database = sandbox.open({ path: sandbox.path() })
  database.prepare("INSERT INTO graph_records VALUES (1, 0, 1, 'c', '', NULL, 5, 0, '{}')").run()
  const target = join(sandbox.directory(), 'copy.db')
  await expect(backupDatabase(database.path, target)).rejects.toMatchObject({
    message: expect.stringContaining('row 1 of graph_records was altered'),
  })
})

function addRow(database: Database, seq: number): void {
  const row = { execution: 1, seq, count: 1, codec: 0, payload: `payload of ${seq}` }
  database.commit(() =>
    database
      .prepare(
        `INSERT INTO journal (namespace, execution, seq, count, codec, payload, checksum)
         VALUES (0, 1, ?, 1, 0, ?, ?)`,
      )
      .run(seq, row.payload, journalChecksum(row)),
  )
}

function rowsIn(path: string): number {
  const reader = openReader(path)
  const rows = Number(reader.prepare('SELECT count(*) AS n FROM journal').get()?.['n'])
  reader.close()
  return rows
}
