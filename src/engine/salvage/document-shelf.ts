import { isOrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import {
  type Database,
  decodePayload,
  definitionChecksum,
  documentChecksum,
  type SalvagedDefinition,
  type SalvageStore,
  workflowChecksum,
} from '../../storage/index.ts'
import { documentHash, type WorkflowDocument } from '../../workflow/index.ts'
import { type Definition, Definitions, startHashOf } from '../definitions.ts'

/**
 * The salvaged documents that match their hashes, and what executions share of them. They are written
 * into the new file under the numbers that they had, so that everything that names them still does.
 */
export class DocumentShelf {
  readonly #texts = new Map<string, string>()
  readonly #hashOfDocument = new Map<number, string>()
  readonly #hashOfDefinition = new Map<number, string>()
  readonly #definitions = new Definitions()

  constructor(store: SalvageStore, database: Database) {
    database.commit(() => {
      this.#addDocuments(store, database)
      for (const definition of store.definitions()) this.#addDefinition(definition, database)
    })
  }

  /** The definition of that number; null when it or its document is lost. */
  definition(number: number): Definition | null {
    const hash = this.#hashOfDefinition.get(number)
    return hash === undefined ? null : this.#ofHash(hash)
  }

  /** The definition of which a start with this input has this hash; null when its document is lost. */
  startedBy(startHash: string, input: JsonObject): Definition | null {
    for (const hash of this.#texts.keys()) {
      const definition = this.#ofHash(hash)
      if (definition !== null && startHashOf(definition, input) === startHash) return definition
    }
    return null
  }

  /**
   * Makes the registry of the new file what it was; what was only started is in it already.
   *
   * @returns how many entries are lost
   */
  restoreRegistry(store: SalvageStore, database: Database): number {
    const insert = database.prepare(`
      INSERT OR REPLACE INTO workflows (namespace, name, version, document, registered_at_ms, checksum)
      VALUES (0, ?, ?, ?, ?, ?)`)
    let lost = 0
    database.commit(() => {
      for (const entry of store.workflows()) {
        const { name, version, document, registeredAtMs } = entry
        const hash = this.#hashOfDocument.get(document)
        const checksum =
          hash === undefined
            ? null
            : workflowChecksum({ name, version, documentHash: hash, registeredAtMs })
        if (checksum === null || (entry.checksum !== null && entry.checksum !== checksum)) lost++
        else insert.run(name, version, document, registeredAtMs, checksum)
      }
    })
    return lost
  }

  #addDocuments(store: SalvageStore, database: Database): void {
    const insert = database.prepare(
      `INSERT INTO documents (document, namespace, hash, codec, payload, checksum)
       VALUES (?, 0, ?, ?, ?, ?)`,
    )
    for (const { number, hash, codec, payload } of store.documents()) {
      if (this.#texts.has(hash) || this.#hashOfDocument.has(number)) continue
      const text = soundText(hash, codec, payload)
      if (text === null) continue
      insert.run(number, hash, codec, payload, documentChecksum({ hash, codec, payload }))
      this.#texts.set(hash, text)
      this.#hashOfDocument.set(number, hash)
    }
  }

  #addDefinition(row: SalvagedDefinition, database: Database): void {
    const { number, document, workflow, version, codec, metadata } = row
    const hash = this.#hashOfDocument.get(document)
    if (hash === undefined || this.#hashOfDefinition.has(number)) return
    const checksum = definitionChecksum({
      definition: number,
      documentHash: hash,
      workflow,
      version,
      metadata,
    })
    if (row.checksum !== null && row.checksum !== checksum) return
    database
      .prepare(
        `INSERT INTO definitions (definition, namespace, document, workflow, version, codec, metadata,
           checksum) VALUES (?, 0, ?, ?, ?, ?, ?, ?)`,
      )
      .run(number, document, workflow, version, codec, metadata, checksum)
    this.#hashOfDefinition.set(number, hash)
  }

  #ofHash(hash: string): Definition | null {
    try {
      return this.#definitions.ofHash(hash, () => this.#texts.get(hash))
    } catch (thrown) {
      // A document that this version cannot run is as good as lost.
      if (isOrchestrationError(thrown)) return null
      throw thrown
    }
  }
}

/** The text of a document; null when it is not the one that its hash names. */
function soundText(hash: string, codec: number, payload: unknown): string | null {
  try {
    const text = decodePayload(codec, payload)
    return documentHash(JSON.parse(text) as WorkflowDocument) === hash ? text : null
  } catch {
    return null // no JSON, or no document: whatever reads it fails in its own way
  }
}
