import { DatabaseSync } from 'node:sqlite'
import { migrations } from './schema.ts'
import { damaged } from './storage-error.ts'

const expectedByVersion = new Map<number, ReadonlyMap<string, string>>()

/**
 * Compares the text of every table and index with what the migrations make: one changed letter in it
 * gives the data another meaning, which no other check would notice.
 *
 * @param version the file's, 1 or higher
 * @throws StorageError when something is missing or different
 */
export function checkSchema(connection: DatabaseSync, path: string, version: number): void {
  const found = schemaOf(connection)
  for (const [name, sql] of expectedSchema(version)) {
    if (found.get(name) === sql) continue
    const what = found.has(name) ? 'is not as it was made' : 'is missing'
    throw damaged(path, `it is damaged: ${name} ${what}`, { details: { version } })
  }
}

function expectedSchema(version: number): ReadonlyMap<string, string> {
  const known = expectedByVersion.get(version)
  if (known !== undefined) return known
  const connection = new DatabaseSync(':memory:')
  for (const step of migrations) if (step.version <= version) connection.exec(step.sql)
  const expected = schemaOf(connection)
  connection.close()
  expectedByVersion.set(version, expected)
  return expected
}

function schemaOf(connection: DatabaseSync): ReadonlyMap<string, string> {
  const rows = connection.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema').all()
  return new Map(
    rows.map(({ type, name, tbl_name: table, sql }) => [
      `${String(type)} '${String(name)}'`,
      `${String(table)} ${String(sql)}`,
    ]),
  )
}
