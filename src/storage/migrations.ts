import type { DatabaseSync } from 'node:sqlite'
import { OrchestrationError } from '../core/errors.ts'
import { damaged, recoveryHint } from './storage-error.ts'
import { applicationId, migrations } from './schema.ts'
import type { Migration } from './schema.ts'

/**
 * Brings the file to the newest schema; each migration is one transaction, so a crash leaves the file
 * at a whole version.
 *
 * @throws StorageError when the file belongs to another program or to a newer version, or is damaged.
 */
export function migrate(
  connection: DatabaseSync,
  path: string,
  steps: readonly Migration[] = migrations,
): void {
  for (const step of steps) {
    if (step.version <= schemaVersion(connection, path, steps)) continue
    connection.exec('BEGIN IMMEDIATE')
    try {
      connection.exec(step.sql)
      connection.exec(
        `PRAGMA user_version = ${step.version}; PRAGMA application_id = ${applicationId}; COMMIT`,
      )
    } catch (thrown) {
      if (connection.isTransaction) connection.exec('ROLLBACK')
      throw thrown
    }
  }
}

/**
 * The schema version of the file; 0 for a new, empty one.
 *
 * @throws StorageError when the file belongs to another program or to a newer version, or is damaged.
 */
export function schemaVersion(
  connection: DatabaseSync,
  path: string,
  steps: readonly Migration[] = migrations,
): number {
  const id = pragma(connection, 'application_id')
  const tables = Number(connection.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'])
  if (id !== applicationId && (id !== 0 || tables > 0)) {
    throw new OrchestrationError(
      'StorageError',
      `${path}: the database belongs to another program`,
      {
        hint: `name another file with --db; if it was Aura's, ${recoveryHint}`,
        details: { path, applicationId: id },
      },
    )
  }
  const version = pragma(connection, 'user_version')
  const newest = steps.at(-1)?.version ?? 0
  // A file without a schema holds at most its first page.
  const isEmpty = tables === 0 && pragma(connection, 'page_count') <= 1
  if (version < 0 || (version === 0 && !isEmpty)) {
    throw damaged(path, `it is damaged: there is no schema ${version}`)
  }
  if (version > newest) {
    throw new OrchestrationError(
      'StorageError',
      `${path}: the file has schema ${version}, this version of Aura knows schemas up to ${newest}`,
      {
        hint:
          'use the newer version of Aura that wrote it; ' +
          `if there is none the file is damaged: ${recoveryHint}`,
        details: { path, version, newest },
      },
    )
  }
  return version
}

function pragma(
  connection: DatabaseSync,
  name: 'application_id' | 'user_version' | 'page_count',
): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get()?.[name])
}
