import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { Database } from './database.ts'
import { findOwner } from './ownership.ts'
import { asOrdinaryUser, Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

const owner = {
  pid: process.pid,
  port: 4711,
  token: 'secret',
  kind: 'serve',
  startedAtMs: 1,
} as const

describe('opening a database', () => {
  it('makes the directory and the files, readable by this user only', () => {
    const path = join(sandbox.directory(), 'new', 'deep', 'aura.db')
    const database = sandbox.open({ path })
    database.commit(() => undefined)
    const directory = join(path, '..')
    expect(readdirSync(directory).toSorted()).toEqual(
      ['aura.db', 'aura.db-shm', 'aura.db-wal', 'aura.db.lock', 'aura.db.mark'].toSorted(),
    )
    for (const name of readdirSync(directory)) {
      expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600])
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it.each([
    ['full', 2],
    ['normal', 1],
    [undefined, 2],
  ] as const)('with durability %s sets synchronous to %i', (durability, level) => {
    const options = durability === undefined ? {} : { durability }
    const database = sandbox.open({ path: sandbox.path(), ...options })
    expect(database.prepare('PRAGMA synchronous').get()?.['synchronous']).toBe(level)
    expect(database.prepare('PRAGMA journal_mode').get()?.['journal_mode']).toBe('wal')
  })

  it('refuses a file that is no database', () => {
    const path = sandbox.path()
    writeFileSync(path, 'dear diary '.repeat(500))
    expect(() => Database.open({ path })).toThrow(
      expect.objectContaining({
        code: 'StorageError',
        retryable: false,
        message: expect.stringMatching(/not a database/),
      }),
    )
    expect(findOwner(path).isOwned).toBe(false)
  })

  it('refuses the database of another program and leaves it as it was', () => {
    const path = sandbox.path()
    const foreign = new DatabaseSync(path)
    foreign.exec('CREATE TABLE songs (title)')
    foreign.close()
    expect(() => Database.open({ path })).toThrow(
      expect.objectContaining({
        code: 'StorageError',
        message: expect.stringMatching(/belongs to another program/),
      }),
    )
    const after = new DatabaseSync(path)
    expect(after.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'songs' }])
    after.close()
  })

  it('refuses a directory in place of the file', () => {
    const path = sandbox.path()
    mkdirSync(path)
    expect(() => Database.open({ path })).toThrow(
      expect.objectContaining({
        code: 'StorageError',
        message: expect.stringMatching(/not accessible/),
      }),
    )
  })

  it('refuses a directory in which this user may not write', () => {
    const directory = sandbox.directory()
    chmodSync(directory, 0o555)
    asOrdinaryUser(() => {
      expect(() => Database.open({ path: join(directory, 'aura.db') })).toThrow(
        expect.objectContaining({ code: 'StorageError', retryable: true }),
      )
    })
  })

  it('refuses a file that this user may only read, as retryable', () => {
    const path = sandbox.path()
    Database.open({ path }).close()
    chmodSync(path, 0o444)
    chmodSync(join(path, '..'), 0o777)
    chmodSync(`${path}.lock`, 0o666)
    asOrdinaryUser(() => {
      expect(() => Database.open({ path })).toThrow(
        expect.objectContaining({
          code: 'StorageError',
          retryable: true,
          message: expect.stringMatching(/read-only/),
        }),
      )
    })
    expect(findOwner(path).isOwned).toBe(false)
  })

  it('refuses a file that this user may not read', () => {
    const path = sandbox.path()
    Database.open({ path }).close()
    chmodSync(path, 0o000)
    chmodSync(join(path, '..'), 0o777)
    chmodSync(`${path}.lock`, 0o666)
    asOrdinaryUser(() => {
      expect(() => Database.open({ path })).toThrow(
        expect.objectContaining({
          code: 'StorageError',
          message: expect.stringMatching(/not accessible/),
        }),
      )
    })
  })
})

describe('ownership', () => {
  it('belongs to one opener at a time, who is named', () => {
    const path = sandbox.path()
    const first = sandbox.open({ path })
    first.publishOwner(owner)
    expect(() => Database.open({ path })).toThrow(
      expect.objectContaining({
        code: 'OwnerError',
        message: expect.stringContaining(`pid ${process.pid}`),
        details: { path, pid: process.pid, port: 4711, kind: 'serve' },
      }),
    )
    first.close()
    expect(sandbox.open({ path }).epoch).toBe(first.epoch + 1)
  })

  it('belongs to one process at a time', () => {
    const path = sandbox.path()
    sandbox.open({ path })
    // Looking at the lock from inside must not drop it.
    expect(findOwner(path).isOwned).toBe(true)
    expect(openInChild(path)).toContain('OwnerError')
    expect(openInChild(sandbox.path())).toContain('opened')
  })

  it('is the same through a symbolic link', () => {
    const path = sandbox.path()
    sandbox.open({ path })
    const link = join(sandbox.directory(), 'link.db')
    symlinkSync(path, link)
    expect(() => Database.open({ path: link })).toThrow(
      expect.objectContaining({ code: 'OwnerError' }),
    )
    expect(findOwner(link).isOwned).toBe(true)
  })

  it('is published privately and withdrawn by close', () => {
    const path = sandbox.path()
    expect(findOwner(path)).toEqual({ isOwned: false, owner: null })
    const database = sandbox.open({ path })
    expect(findOwner(path)).toEqual({ isOwned: true, owner: null })
    database.publishOwner(owner)
    expect(findOwner(path)).toEqual({ isOwned: true, owner })
    expect(statSync(`${path}.owner`).mode & 0o777).toBe(0o600)
    database.close()
    database.close()
    expect(existsSync(`${path}.owner`)).toBe(false)
    expect(findOwner(path)).toEqual({ isOwned: false, owner: null })
  })

  it('of a dead owner is nobody, and the next owner removes what it published', () => {
    const path = sandbox.path()
    Database.open({ path }).close()
    writeFileSync(`${path}.owner`, JSON.stringify(owner))
    expect(findOwner(path)).toEqual({ isOwned: false, owner: null })
    sandbox.open({ path })
    expect(findOwner(path)).toEqual({ isOwned: true, owner: null })
  })

  it('is fenced by the epoch when the lock file is deleted underneath', () => {
    const path = sandbox.path()
    const first = sandbox.open({ path })
    first.publishOwner(owner)
    rmSync(`${path}.lock`)
    const second = sandbox.open({ path })
    second.publishOwner({ ...owner, token: 'another' })
    let ran = false
    expect(() => first.commit(() => (ran = true))).toThrow(
      expect.objectContaining({
        code: 'StateConsistencyError',
        message: expect.stringMatching(/newer owner/),
      }),
    )
    expect(ran).toBe(false)
    expect(second.commit(() => 'recorded')).toBe('recorded')
    first.close()
    expect(findOwner(path).owner?.token).toBe('another')
  })
})

describe('a commit', () => {
  it('records nothing when its work throws, and works again afterwards', () => {
    const { database, count, insert } = withTable()
    const broken = new Error('broken')
    expect(() =>
      database.commit(() => {
        insert('a')
        throw broken
      }),
    ).toThrow(broken)
    expect(count()).toBe(0)
    database.commit(() => insert('b'))
    expect(count()).toBe(1)
  })

  it('inside a commit is refused', () => {
    const { database, count, insert } = withTable()
    expect(() =>
      database.commit(() => {
        insert('a')
        database.commit(() => insert('b'))
      }),
    ).toThrow(expect.objectContaining({ code: 'InternalError' }))
    expect(count()).toBe(0)
  })

  it('waits for the lock of another program no longer than the busy timeout', () => {
    const path = sandbox.path()
    const database = sandbox.open({ path, busyTimeoutMs: 0 })
    const intruder = new DatabaseSync(path)
    intruder.exec('BEGIN IMMEDIATE')
    expect(() => database.commit(() => undefined)).toThrow(
      expect.objectContaining({
        code: 'StorageError',
        retryable: true,
        message: expect.stringMatching(/kept the file locked/),
      }),
    )
    intruder.close()
    database.commit(() => undefined)
  })

  it('keeps the write-ahead log bounded', () => {
    const { database, insert } = withTable()
    const text = 'x'.repeat(100_000)
    for (let i = 0; i < 200; i++) database.commit(() => insert(text))
    expect(database.sizes().databaseBytes).toBeGreaterThan(15_000_000)
    expect(database.sizes().walBytes).toBeLessThan(6_000_000)
    database.checkpoint()
    expect(database.sizes().walBytes).toBe(0)
  })
})

function withTable() {
  const database = sandbox.open({ path: sandbox.path() })
  database.commit(() => database.prepare('CREATE TABLE texts (text TEXT)').run())
  const statement = database.prepare('INSERT INTO texts VALUES (?)')
  return {
    database,
    insert: (text: string) => statement.run(text),
    count: () => Number(database.prepare('SELECT count(*) AS n FROM texts').get()?.['n']),
  }
}

function openInChild(path: string): string {
  const code = `
    const { Database } = await import(${JSON.stringify(new URL('./database.ts', import.meta.url).href)})
    try { Database.open({ path: ${JSON.stringify(path)} }).close(); console.log('opened') }
    catch (thrown) { console.log(thrown.code) }`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  return child.stdout + child.stderr
}
