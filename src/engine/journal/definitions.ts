import type { StatementSync } from 'node:sqlite'
import { invariant } from '../../core/assert.ts'
import {
  type Database,
  definitionChecksum,
  documentChecksum,
  plainCodec,
} from '../../storage/index.ts'
import type { ExecutionRow, JournalBatch, WorkflowRegistration } from './journal.ts'
import { WorkflowRegistrar } from './workflow-registry.ts'

/** Numbers remembered per table, so that memory stays bounded when every execution has its own metadata. */
const rememberedMax = 10_000

/**
 * Documents and what executions share of them, each stored once and named by a small number. The
 * numbers are remembered; after a batch that was not recorded they must be forgotten.
 */
export class Definitions {
  readonly #documents = new Map<string, number>()
  readonly #definitions = new Map<string, number>()
  readonly #findDocument: StatementSync
  readonly #addDocument: StatementSync
  readonly #findDefinition: StatementSync
  readonly #findVersion: StatementSync
  readonly #addDefinition: StatementSync
  readonly #check: StatementSync
  readonly #registrar: WorkflowRegistrar

  constructor(database: Database) {
    this.#findDocument = database.prepare(
      'SELECT document AS number FROM documents WHERE namespace = 0 AND hash = ?',
    )
    this.#addDocument = database.prepare(
      `INSERT INTO documents (namespace, hash, codec, payload, checksum)
       VALUES (0, ?, ${plainCodec}, ?, ?) RETURNING document AS number`,
    )
    const version = 'namespace = 0 AND document = ? AND workflow = ? AND version = ?'
    this.#findDefinition = database.prepare(
      `SELECT definition AS number FROM definitions WHERE ${version} AND metadata = ?`,
    )
    this.#findVersion = database.prepare(
      `SELECT definition AS number FROM definitions WHERE ${version} LIMIT 1`,
    )
    this.#addDefinition = database.prepare(
      `INSERT INTO definitions (namespace, document, workflow, version, codec, metadata)
       VALUES (0, ?, ?, ?, ${plainCodec}, ?) RETURNING definition AS number`,
    )
    this.#check = database.prepare(
      'UPDATE definitions SET checksum = ? WHERE definition = ? AND checksum IS NULL',
    )
    this.#registrar = new WorkflowRegistrar(database)
  }

  /** Stores a document unless it is there. */
  addDocument(document: JournalBatch['documents'][number]): void {
    const { hash, text } = document
    if (this.#documentNumber(hash) !== undefined) return
    const checksum = documentChecksum({ hash, codec: plainCodec, payload: text })
    const added = numberOf(this.#addDocument.get(hash, text, checksum))
    invariant(added !== undefined, 'an insert gave no number')
    remember(this.#documents, hash, added)
  }

  /** The number of what this start shares with others, stored now if it is new. */
  numberOf(start: ExecutionRow): number {
    const metadata = JSON.stringify(start.metadata)
    const key = `${start.documentHash}\n${start.workflow}\n${start.version}\n${metadata}`
    const known = this.#definitions.get(key)
    if (known !== undefined) return known
    const document = this.#requireDocument(start.documentHash, `execution '${start.executionId}'`)
    const { workflow, version, documentHash } = start
    const isFirst = this.#findVersion.get(document, workflow, version) === undefined
    const shared = [document, workflow, version, metadata] as const
    const found =
      numberOf(this.#findDefinition.get(...shared)) ?? numberOf(this.#addDefinition.get(...shared))
    invariant(found !== undefined, 'an insert gave no number')
    const parts = { definition: found, documentHash, workflow, version, metadata }
    this.#check.run(definitionChecksum(parts), found)
    if (isFirst) this.register({ name: workflow, version, documentHash, atMs: start.startedAtMs })
    remember(this.#definitions, key, found)
    return found
  }

  /** Makes a document the newest of its name and version. */
  register(registration: WorkflowRegistration): void {
    const { name, version, documentHash } = registration
    const document = this.#requireDocument(documentHash, `workflow '${name}' version '${version}'`)
    this.#registrar.register(registration, document)
  }

  forget(): void {
    this.#documents.clear()
    this.#definitions.clear()
  }

  #requireDocument(hash: string, who: string): number {
    const document = this.#documentNumber(hash)
    invariant(document !== undefined, `${who} names an unknown document`)
    return document
  }

  #documentNumber(hash: string): number | undefined {
    const known = this.#documents.get(hash)
    if (known !== undefined) return known
    const found = numberOf(this.#findDocument.get(hash))
    if (found !== undefined) remember(this.#documents, hash, found)
    return found
  }
}

function numberOf(row: unknown): number | undefined {
  return (row as { readonly number: number } | undefined)?.number
}

function remember(numbers: Map<string, number>, key: string, number: number): void {
  if (numbers.size >= rememberedMax) numbers.clear()
  numbers.set(key, number)
}
