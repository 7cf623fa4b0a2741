import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { migrate, schemaVersion } from './migrations.ts'
import { migrations } from './schema.ts'

const path = 'aura.db'
const first = { version: 1, sql: 'CREATE TABLE one (a); INSERT INTO one VALUES (1)' }
const second = { version: 2, sql: 'CREATE TABLE two (a); INSERT INTO one VALUES (2)' }
const broken = { version: 2, sql: 'CREATE TABLE two (a); INSERT INTO nowhere VALUES (2)' }

describe('migrate', () => {
  it('runs each migration once, in order', () => {
    const connection = new DatabaseSync(':memory:')
    migrate(connection, path, [first])
    migrate(connection, path, [first, second])
    migrate(connection, path, [first, second])
    expect(connection.prepare('SELECT a FROM one').all()).toEqual([{ a: 1 }, { a: 2 }])
    expect(schemaVersion(connection, path, [first, second])).toBe(2)
  })

  it('leaves the version before a migration that fails, with nothing of it', () => {
    const connection = new DatabaseSync(':memory:')
    expect(() => migrate(connection, path, [first, broken])).toThrow(/nowhere/)
    expect(schemaVersion(connection, path, [first, broken])).toBe(1)
    expect(connection.prepare("SELECT name FROM sqlite_schema WHERE name = 'two'").all()).toEqual(
      [],
    )
    migrate(connection, path, [first, second])
    expect(schemaVersion(connection, path, [first, second])).toBe(2)
  })
})

describe('the schema', () => {
  it('numbers its migrations from 1 without a gap', () => {
    expect(migrations.map((step) => step.version)).toEqual(migrations.map((_, i) => i + 1))
  })

  it('has a namespace in every table, and first in every key beside the row number', () => {
    const connection = new DatabaseSync(':memory:')
    migrate(connection, path)
    const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables) {
      const columns = connection
        .prepare(`SELECT name FROM pragma_table_info('${String(name)}')`)
        .all()
      expect(columns).toContainEqual({ name: 'namespace' })
    }
    const indexes = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index'").all()
    expect(indexes.length).toBeGreaterThan(3)
    for (const { name } of indexes) {
      const leading = connection
        .prepare(`SELECT name FROM pragma_index_info('${String(name)}')`)
        .get()
      expect([name, leading?.['name']]).toEqual([name, 'namespace'])
    }
  })

  it('has a codec beside every payload', () => {
    const connection = new DatabaseSync(':memory:')
    migrate(connection, path)
    const columns = connection
      .prepare(
        `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table'`,
      )
      .all()
    const withPayload = columns.filter(
      (c) => c['column'] === 'payload' || c['column'] === 'metadata',
    )
    expect(withPayload.length).toBeGreaterThan(2)
    for (const { table } of withPayload) expect(columns).toContainEqual({ table, column: 'codec' })
  })
})
