import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { Database } from './database.ts'
import { openReader } from './reader.ts'
import type { DatabaseReader } from './reader.ts'
import { asOrdinaryUser, Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

describe('openReader', () => {
  it('says that the file is absent, and does not make it', () => {
    const path = sandbox.path()
    expect(() => openReader(path)).toThrow(expect.objectContaining({ code: 'NotFoundError' }))
    expect(existsSync(path)).toBe(false)
    writeFileSync(path, '')
    expect(() => openReader(path)).toThrow(expect.objectContaining({ code: 'NotFoundError' }))
  })

  it('reads what an owner has committed, while it goes on writing', () => {
    const path = sandbox.path()
    const database = sandbox.open({ path })
    addDocument(database, 'one')
    const reader = openReader(path)
    expect(documents(reader)).toEqual(['one'])
    addDocument(database, 'two')
    expect(documents(reader)).toEqual(['one', 'two'])
    reader.close()
    reader.close()
  })

  it('cannot write', () => {
    const path = sandbox.path()
    Database.open({ path }).close()
    const reader = openReader(path)
    const insert = reader.prepare('UPDATE lease SET epoch = 0')
    expect(() => reader.read(() => insert.run())).toThrow(
      expect.objectContaining({
        code: 'StorageError',
        message: expect.stringMatching(/read-only/),
      }),
    )
    reader.close()
  })

  it('reads a file on which nothing may be written', () => {
    const path = sandbox.path()
    const database = Database.open({ path })
    addDocument(database, 'one')
    database.close()
    chmodSync(path, 0o444)
    chmodSync(join(path, '..'), 0o555)
    asOrdinaryUser(() => {
      const reader = openReader(path)
      expect(documents(reader)).toEqual(['one'])
      reader.close()
    })
  })

  it('rather fails than read past commits that only the log holds', () => {
    const source = sandbox.path()
    const database = sandbox.open({ path: source })
    addDocument(database, 'one')
    const path = sandbox.path()
    for (const suffix of ['', '-wal']) {
      copyFileSync(`${source}${suffix}`, `${path}${suffix}`)
      chmodSync(`${path}${suffix}`, 0o444)
    }
    chmodSync(join(path, '..'), 0o555)
    asOrdinaryUser(() => {
      expect(() => openReader(path)).toThrow(
        expect.objectContaining({ code: 'StorageError', retryable: true }),
      )
    })
  })

  it('refuses a newer schema and what is no database at all', () => {
    const path = sandbox.path()
    Database.open({ path }).close()
    setVersion(path, 999)
    for (const open of [() => openReader(path), () => Database.open({ path })]) {
      expect(open).toThrow(
        expect.objectContaining({
          code: 'StorageError',
          retryable: false,
          message: expect.stringMatching(/schema 999/),
        }),
      )
    }
    const junk = sandbox.path()
    writeFileSync(junk, 'dear diary '.repeat(500))
    expect(() => openReader(junk)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/not a database/) }),
    )
  })
})

function addDocument(database: Database, hash: string): void {
  database.commit(() =>
    database
      .prepare("INSERT INTO documents (namespace, hash, codec, payload) VALUES (0, ?, 0, '{}')")
      .run(hash),
  )
}

function documents(reader: DatabaseReader): unknown[] {
  return reader
    .prepare('SELECT hash FROM documents ORDER BY document')
    .all()
    .map((row) => row['hash'])
}

function setVersion(path: string, version: number): void {
  const connection = new DatabaseSync(path)
  connection.exec(`PRAGMA user_version = ${version}`)
  connection.close()
}
