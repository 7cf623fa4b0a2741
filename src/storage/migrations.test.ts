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
    // Of a table without row numbers the primary key is an index that the schema does not list.
    const indexes = tables.flatMap(({ name }) =>
      connection.prepare(`SELECT name FROM pragma_index_list('${String(name)}')`).all(),
    )
    expect(indexes.length).toBeGreaterThan(10)
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

  it('remembers up to where the rows of version 1 reach, which have no checksums', () => {
    const connection = oldFile()
    connection.exec(`
      INSERT INTO executions VALUES (7, 0, 'a', 1, x'00', 3, 5, -6);
      INSERT INTO journal VALUES (40, 0, 7, 1, 1, 0, '[5]');`)
    migrate(connection, path)
    expect(connection.prepare('SELECT * FROM lease').get()).toEqual({
      namespace: 0,
      epoch: 0,
      unchecked_execution: 7,
      unchecked_position: 40,
    })
    const fresh = new DatabaseSync(':memory:')
    migrate(fresh, path)
    const marks = fresh.prepare('SELECT unchecked_execution, unchecked_position FROM lease').get()
    expect(marks).toEqual({ unchecked_execution: 0, unchecked_position: 0 })
  })

  it('opens a dead letter for what had failed under version 1, also when its end is unreadable', () => {
    const connection = oldFile()
    const error = `{"code":"X","message":"no","retryable":false,"hint":null,"details":{"stepId":"s"}}`
    connection.exec(`
      INSERT INTO executions VALUES (1, 0, 'later', 1, x'00', 7, 5, 90), (2, 0, 'first', 1, x'00', 7, 5, 80),
        (3, 0, 'torn', 1, x'00', 7, 5, 95), (4, 0, 'well', 1, x'00', 6, 5, 85);
      INSERT INTO journal VALUES (1, 0, 1, 1, 1, 0, '[5,[0,"later",1]]'), (2, 0, 2, 1, 1, 0, '[5,[26,${error}]]'),
        (3, 0, 1, 2, 2, 0, '[9,[22,${error}],[26,${error}]]'), (4, 0, 3, 1, 1, 0, '[5,[26,{"co');`)
    migrate(connection, path)
    const letters = connection
      .prepare('SELECT id, step_id, at_ms, payload FROM dead_letters ORDER BY dead_letter')
      .all()
    expect(letters.map((row) => [row['id'], row['step_id'], row['at_ms']])).toEqual([
      ['first', 's', 80],
      ['later', 's', 90],
      ['torn', null, 95],
    ])
    expect(letters.map(({ payload }) => JSON.parse(String(payload)) as unknown)).toEqual([
      JSON.parse(error),
      JSON.parse(error),
      expect.objectContaining({ retryable: false, hint: null, details: null }),
    ])
  })

  it('adds the tables of graphs to version 2, and leaves its rows as they are', () => {
    const connection = oldFile(2)
    connection.exec(`INSERT INTO journal VALUES (40, 0, 7, 1, 1, 0, '[5]', 99);
      UPDATE lease SET epoch = 3, unchecked_position = 12`)
    migrate(connection, path)
    expect(connection.prepare('SELECT payload, checksum FROM journal').all()).toEqual([
      { payload: '[5]', checksum: 99 },
    ])
    const lease = connection.prepare('SELECT epoch, unchecked_position FROM lease').get()
    expect(lease).toEqual({ epoch: 3, unchecked_position: 12 })
    for (const table of ['graph_threads', 'graph_records', 'memories', 'memory_vectors'])
      expect(connection.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 })
  })

  it('registers the newest document of each name and version of version 1', () => {
    const connection = oldFile()
    connection.exec(`
      INSERT INTO documents VALUES (1, 0, 'd1', 0, '{}'), (2, 0, 'd2', 0, '{}');
      INSERT INTO definitions VALUES (1, 0, 1, 'w', '1.0.0', 0, '{}'), (2, 0, 2, 'w', '1.0.0', 0, '{}');
      INSERT INTO executions VALUES (1, 0, 'a', 1, x'00', 6, 5, 9), (2, 0, 'b', 2, x'00', 6, 8, 9),
        (3, 0, 'c', 1, x'00', 6, 9, 9);`)
    migrate(connection, path)
    expect(connection.prepare('SELECT * FROM workflows').all()).toEqual([
      {
        namespace: 0,
        name: 'w',
        version: '1.0.0',
        document: 2,
        registered_at_ms: 8,
        checksum: null,
      },
    ])
  })
})

/** An empty file of an earlier schema. */
function oldFile(version = 1): DatabaseSync {
  const connection = new DatabaseSync(':memory:')
  migrate(connection, path, migrations.slice(0, version))
  return connection
}
