import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Sandbox } from '../sandbox.ts'
import { freePages } from './free-pages.ts'
import { PageFile } from './page-file.ts'
import { rowsOfPage } from './table-cells.ts'
import type { ColumnValue } from './table-cells.ts'
import { tableOfPages } from './table-pages.ts'

const sandbox = new Sandbox()
const open: DatabaseSync[] = []
afterEach(() => {
  for (const connection of open.splice(0)) connection.close()
  sandbox.clear()
})

describe('rows read without SQLite', () => {
  it('are those that SQLite reads, of every type and length, in tables and indexes', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }).filter((number) => !Number.isInteger(number)),
      fc.string({ maxLength: 30 }),
      fc.nat({ max: 20_000 }).map((length) => 'ä'.repeat(length)),
      fc.nat({ max: 9_000 }).map((length) => new Uint8Array(length).fill(7)),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 40 }), (rows) => {
        const { path, connection } = newFile()
        const insert = connection.prepare('INSERT INTO things (a, b) VALUES (?, ?)')
        rows.forEach(([a, b], i) => {
          insert.run(a, b)
          // Part of it lies in the file, part in the log, some pages in both.
          if (i === Math.floor(rows.length / 2)) connection.exec('PRAGMA wal_checkpoint(FULL)')
        })
        const plain = (values: readonly unknown[]): readonly unknown[] =>
          values.map((item) => (item instanceof Uint8Array ? [...item] : item))
        const found = rowsOf(path, 'things').map(({ rowid, values }) => [rowid, ...plain(values)])
        expect(found.toSorted(byNumber)).toEqual(rows.map((row, i) => [i + 1, null, ...plain(row)]))
        expect(rowsOf(path, 'things_by_a').length).toBe(rows.length)
        connection.close()
      }),
      { numRuns: 60 },
    )
  })

  it('survive the loss of every other page, the first included', () => {
    const { path, connection } = newFile()
    fill(connection, 400)
    connection.close()
    const leaf = [...tables(path)].filter(([, table]) => table === 'things').at(-1)?.[0] as number
    const kept = rowsOfOnePage(path, leaf)
    expect(kept.length).toBeGreaterThan(3)
    const bytes = readFileSync(path)
    const page = Buffer.from(bytes.subarray((leaf - 1) * 4_096, leaf * 4_096))
    bytes.fill(0xff)
    page.copy(bytes, (leaf - 1) * 4_096)
    writeFileSync(path, bytes)
    expect(rowsOfOnePage(path, leaf)).toEqual(kept)
    expect(tables(path).get(leaf)).toBeUndefined()
  })

  it('of pages that are not in use any more are known as such', () => {
    const { path, connection } = newFile()
    fill(connection, 400)
    connection.exec('DELETE FROM things WHERE n > 20; PRAGMA wal_checkpoint(TRUNCATE)')
    const count = Number(connection.prepare('PRAGMA freelist_count').get()?.['freelist_count'])
    expect(count).toBeGreaterThan(5)
    const file = new PageFile(path)
    expect(freePages(file)?.size).toBe(count)
    file.close()
    const bytes = readFileSync(path)
    bytes[39] = (bytes[39] as number) ^ 1
    writeFileSync(path, bytes)
    const damaged = new PageFile(path)
    expect(freePages(damaged)).toBeNull()
    damaged.close()
  })
})

describe('the pages of a write-ahead log', () => {
  it('end at the last commit', () => {
    const { path, connection } = newFile()
    fill(connection, 100)
    const copy = copyOf(path)
    const committed = rowsOf(copy, 'things').length
    connection.exec('PRAGMA cache_size = 5; BEGIN')
    fillMore(connection, 400)
    const torn = copyOf(path)
    expect(statSync(`${torn}-wal`).size).toBeGreaterThan(statSync(`${copy}-wal`).size)
    expect(rowsOf(torn, 'things').length).toBe(committed)
    connection.exec('ROLLBACK')
  })

  it('are all read but the one that was flipped', () => {
    const { path, connection } = newFile()
    for (let i = 1; i <= 300; i++) fillMore(connection, 1)
    const whole = rowsOf(path, 'things').length
    expect(whole).toBe(300)
    const size = statSync(`${path}-wal`).size
    for (const part of [0, 0.2, 0.5, 0.8]) {
      const copy = copyOf(path)
      const bytes = readFileSync(`${copy}-wal`)
      const place = Math.floor(size * part)
      bytes[place] = (bytes[place] as number) ^ 0xff
      writeFileSync(`${copy}-wal`, bytes)
      expect(rowsOf(copy, 'things').length).toBeGreaterThan(290)
    }
  })

  it('of an older generation are left out', () => {
    const { path, connection } = newFile()
    fill(connection, 300)
    connection.exec('PRAGMA wal_checkpoint(RESTART); DELETE FROM things WHERE n > 5')
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(20_000)
    expect(rowsOf(path, 'things').length).toBe(5)
  })

  it('may be cut in the middle of a page', () => {
    const { path, connection } = newFile()
    for (let i = 1; i <= 50; i++) fillMore(connection, 1)
    for (const bytes of [0, 10, 40, 3_000, 30_000]) {
      const copy = copyOf(path)
      truncateSync(`${copy}-wal`, bytes)
      expect(rowsOf(copy, 'things').length).toBeLessThan(50)
    }
  })
})

interface Found {
  readonly rowid: number | null
  readonly values: readonly ColumnValue[]
}

function newFile(): { readonly path: string; readonly connection: DatabaseSync } {
  const path = sandbox.path()
  const connection = new DatabaseSync(path)
  open.push(connection)
  connection.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE things (n INTEGER PRIMARY KEY, a ANY, b ANY) STRICT;
    CREATE INDEX things_by_a ON things (a);`)
  open.splice(open.indexOf(connection), 1, closing(connection))
  return { path, connection }
}

/** Closing twice does nothing. */
function closing(connection: DatabaseSync): DatabaseSync {
  return { close: () => connection.isOpen && connection.close() } as unknown as DatabaseSync
}

function fill(connection: DatabaseSync, count: number): void {
  connection.exec('BEGIN')
  fillMore(connection, count)
  connection.exec('COMMIT')
}

function fillMore(connection: DatabaseSync, count: number): void {
  const insert = connection.prepare('INSERT INTO things (a, b) VALUES (?, ?)')
  for (let i = 0; i < count; i++) insert.run(i, 'text '.repeat(60))
}

function rowsOf(path: string, table: string): readonly Found[] {
  const file = new PageFile(path)
  try {
    const owners = tableOfPages(file)
    const read = (page: number): Buffer => file.page(page)
    const rows: Found[] = []
    for (const { page, bytes } of file.newest())
      if (owners.get(page) === table) rows.push(...rowsOfPage(page, bytes, read))
    return rows
  } finally {
    file.close()
  }
}

function rowsOfOnePage(path: string, page: number): readonly Found[] {
  const file = new PageFile(path)
  try {
    return [...rowsOfPage(page, file.page(page), (next) => file.page(next))]
  } finally {
    file.close()
  }
}

function tables(path: string): ReadonlyMap<number, string> {
  const file = new PageFile(path)
  try {
    return tableOfPages(file)
  } finally {
    file.close()
  }
}

function copyOf(path: string): string {
  const copy = sandbox.path()
  for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`)
  return copy
}

function byNumber(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0])
}
