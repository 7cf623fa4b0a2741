import type { StatementSync } from 'node:sqlite'
import { invariant } from '../../core/assert.ts'
import type { JsonObject } from '../../core/json.ts'
import { decodePayload, plainCodec } from '../../storage/index.ts'
import type { DatabaseReader } from '../../storage/index.ts'
import { hasMetadata } from './execution-filter.ts'
import type { ExecutionFilter, ExecutionRow, JournalBatch } from './journal.ts'

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
  readonly #addDefinition: StatementSync

  constructor(database: DatabaseReader) {
    this.#findDocument = database.prepare(
      'SELECT document AS number FROM documents WHERE namespace = 0 AND hash = ?',
    )
    this.#addDocument = database.prepare(
      `INSERT INTO documents (namespace, hash, codec, payload) VALUES (0, ?, ${plainCodec}, ?)
       RETURNING document AS number`,
    )
    this.#findDefinition = database.prepare(
      `SELECT definition AS number FROM definitions
       WHERE namespace = 0 AND document = ? AND workflow = ? AND version = ? AND metadata = ?`,
    )
    this.#addDefinition = database.prepare(
      `INSERT INTO definitions (namespace, document, workflow, version, codec, metadata)
       VALUES (0, ?, ?, ?, ${plainCodec}, ?) RETURNING definition AS number`,
    )
  }

  /** Stores a document unless it is there. */
  addDocument(document: JournalBatch['documents'][number]): void {
    if (this.#documentNumber(document.hash) !== undefined) return
    const added = numberOf(this.#addDocument.get(document.hash, document.text))
    invariant(added !== undefined, 'an insert gave no number')
    remember(this.#documents, document.hash, added)
  }

  /** The number of what this start shares with others, stored now if it is new. */
  numberOf(start: ExecutionRow): number {
    const metadata = JSON.stringify(start.metadata)
    const key = `${start.documentHash}\n${start.workflow}\n${start.version}\n${metadata}`
    const known = this.#definitions.get(key)
    if (known !== undefined) return known
    const document = this.#documentNumber(start.documentHash)
    invariant(document !== undefined, `execution '${start.executionId}' names an unknown document`)
    const shared = [document, start.workflow, start.version, metadata] as const
    const found =
      numberOf(this.#findDefinition.get(...shared)) ?? numberOf(this.#addDefinition.get(...shared))
    invariant(found !== undefined, 'an insert gave no number')
    remember(this.#definitions, key, found)
    return found
  }

  forget(): void {
    this.#documents.clear()
    this.#definitions.clear()
  }

  #documentNumber(hash: string): number | undefined {
    const known = this.#documents.get(hash)
    if (known !== undefined) return known
    const found = numberOf(this.#findDocument.get(hash))
    if (found !== undefined) remember(this.#documents, hash, found)
    return found
  }
}

/** The metadata as it was given at the start. */
export function decodeMetadata(codec: number, payload: unknown): JsonObject {
  return JSON.parse(decodePayload(codec, payload)) as JsonObject
}

/** The numbers of the definitions that have the filter's workflow and metadata. */
export function matchingDefinitions(
  database: DatabaseReader,
  filter: ExecutionFilter,
): readonly number[] {
  const rows = database
    .prepare('SELECT definition, workflow, codec, metadata FROM definitions WHERE namespace = 0')
    .iterate() as Iterable<unknown> as Iterable<{
    readonly definition: number
    readonly workflow: string
    readonly codec: number
    readonly metadata: unknown
  }>
  const matching: number[] = []
  for (const row of rows) {
    if (filter.workflow !== undefined && row.workflow !== filter.workflow) continue
    if (hasMetadata(decodeMetadata(row.codec, row.metadata), filter.metadata))
      matching.push(row.definition)
  }
  return matching
}

function numberOf(row: unknown): number | undefined {
  return (row as { readonly number: number } | undefined)?.number
}

function remember(numbers: Map<string, number>, key: string, number: number): void {
  if (numbers.size >= rememberedMax) numbers.clear()
  numbers.set(key, number)
}
