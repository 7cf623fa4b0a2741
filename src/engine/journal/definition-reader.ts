import type { StatementSync } from 'node:sqlite'
import type { JsonObject } from '../../core/json.ts'
import { type DatabaseReader, decodePayload, definitionChecksum } from '../../storage/index.ts'
import { damaged, decodingStored } from './damage.ts'
import { hasMetadata } from './execution-filter.ts'
import type { ExecutionFilter } from './journal.ts'
import type { UncheckedRows } from './unchecked-rows.ts'

/** What executions of one document, name, version and metadata share. */
export interface Definition {
  readonly workflow: string
  readonly version: string
  readonly documentHash: string
  readonly metadata: JsonObject
}

interface StoredDefinition {
  readonly definition: number
  readonly workflow: string
  readonly version: string
  readonly codec: number
  readonly metadata: string
  readonly checksum: number | null
  /** Null when the document's row is gone. */
  readonly documentHash: string | null
}

/** Definitions kept decoded, so that memory stays bounded when every execution has its own metadata. */
const rememberedMax = 10_000

/** Reads definitions; each is checked once. */
export class DefinitionReader {
  readonly #known = new Map<number, Definition>()
  readonly #find: StatementSync
  readonly #all: StatementSync
  readonly #unchecked: UncheckedRows

  constructor(database: DatabaseReader, unchecked: UncheckedRows) {
    const select = `
      SELECT d.definition, d.workflow, d.version, d.codec, d.metadata, d.checksum,
        o.hash AS documentHash
      FROM definitions d LEFT JOIN documents o ON o.document = d.document`
    this.#find = database.prepare(`${select} WHERE d.definition = ?`)
    this.#all = database.prepare(select)
    this.#unchecked = unchecked
  }

  /** @throws StateConsistencyError when it is missing or damaged */
  ofNumber(definition: number): Definition {
    const known = this.#known.get(definition)
    if (known !== undefined) return known
    const row = this.#find.get(definition)
    if (row === undefined) throw damaged(`definition ${definition}`, { definition })
    const found = this.#decode(row)
    if (this.#known.size >= rememberedMax) this.#known.clear()
    this.#known.set(definition, found)
    return found
  }

  /**
   * The numbers of those that have the filter's workflow and metadata.
   *
   * @throws StateConsistencyError when any is damaged
   */
  matching(filter: ExecutionFilter): readonly number[] {
    const matching: number[] = []
    for (const row of this.#all.iterate()) {
      const { workflow, metadata } = this.#decode(row)
      const isWanted = filter.workflow === undefined || workflow === filter.workflow
      if (isWanted && hasMetadata(metadata, filter.metadata))
        matching.push(row['definition'] as number)
    }
    return matching
  }

  #decode(row: unknown): Definition {
    const stored = row as StoredDefinition
    const { workflow, version, documentHash, checksum } = stored
    const what = `definition ${stored.definition} of workflow '${workflow}'`
    const details = { definition: stored.definition, workflow }
    return decodingStored(what, details, () => {
      if (documentHash === null) throw damaged(what, details)
      const isGood =
        checksum === null
          ? this.#unchecked.execution > 0
          : checksum === definitionChecksum({ ...stored, documentHash })
      if (!isGood) throw damaged(what, details)
      const metadata = JSON.parse(decodePayload(stored.codec, stored.metadata)) as JsonObject
      return { workflow, version, documentHash, metadata }
    })
  }
}
