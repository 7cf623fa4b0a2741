import type { StatementSync } from 'node:sqlite'
import { type Database, type DatabaseReader, workflowChecksum } from '../../storage/index.ts'
import { damaged, decodingStored } from './damage.ts'
import type { WorkflowRegistration, WorkflowRow } from './journal.ts'
import type { UncheckedRows } from './unchecked-rows.ts'

/** The newest document of each name and version, by name and version. */
export function readWorkflows(
  database: DatabaseReader,
  unchecked: UncheckedRows,
): readonly WorkflowRow[] {
  const rows = database
    .prepare(`
      SELECT w.name, w.version, o.hash AS documentHash, w.registered_at_ms AS registeredAtMs, w.checksum
      FROM workflows w LEFT JOIN documents o ON o.document = w.document
      ORDER BY w.name, w.version`)
    .all() as unknown as readonly (WorkflowRow & { readonly checksum: number | null })[]
  return rows.map(({ checksum, ...row }) => {
    const what = `the registration of workflow '${row.name}', version '${row.version}',`
    const details = { workflow: row.name, version: row.version }
    return decodingStored(what, details, () => {
      const isGood =
        typeof row.documentHash === 'string' &&
        (checksum === null ? unchecked.execution > 0 : checksum === workflowChecksum(row))
      if (!isGood) throw damaged(what, details)
      return row
    })
  })
}

/** Registers documents. */
export class WorkflowRegistrar {
  readonly #register: StatementSync

  constructor(database: Database) {
    this.#register = database.prepare(`
      INSERT INTO workflows (namespace, name, version, document, registered_at_ms, checksum)
      VALUES (0, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, name, version) DO UPDATE SET
        document = excluded.document, registered_at_ms = excluded.registered_at_ms,
        checksum = excluded.checksum
      WHERE document <> excluded.document`)
  }

  /** @param document the number of the document */
  register(registration: WorkflowRegistration, document: number): void {
    const { name, version, documentHash, atMs } = registration
    const checksum = workflowChecksum({ name, version, documentHash, registeredAtMs: atMs })
    this.#register.run(name, version, document, atMs, checksum)
  }
}
