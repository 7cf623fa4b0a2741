import { hash } from 'node:crypto'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import { StateConsistencyError } from '../core/errors.ts'
import { hashJson, isJson, isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { LruCache } from '../core/lru-cache.ts'
import {
  compileInput,
  isDefined,
  compilePlan,
  documentError,
  documentHash,
  type InputReading,
  type Plan,
  readDocumentData,
  type WorkflowData,
  type WorkflowDocument,
} from '../workflow/index.ts'
import { inputRefusal } from './input-refusal.ts'

/** A document made ready to run, kept while it is in use. */
export interface Definition {
  readonly document: WorkflowDocument
  readonly hash: string
  /** JSON, as the journal keeps it; the order of steps is the document's own. */
  readonly text: string
  readonly plan: Plan
  readonly readInput: (input: JsonValue) => InputReading
  /** The last input that was hashed together with the document. */
  lastStart: { readonly inputText: string; readonly hash: string } | null
}

const definitionsMax = 1_000

/** The definitions of one engine by content hash; over 1,000 the one unused for longest is dropped. */
export class Definitions {
  readonly #byHash: LruCache<string, Definition>
  /** By the hash of the JSON text of data: clients that send the same document again are not read again. */
  readonly #byText = new LruCache<string, Definition>(definitionsMax)
  readonly #byDocument = new WeakMap<WorkflowDocument, Definition>()
  readonly #byData = new WeakMap<
    object,
    { readonly json: string; readonly definition: Definition }
  >()

  /** @param telemetry is told of each use of a definition whether it was there, as the cache `plans`; default nobody */
  constructor(telemetry?: Pick<Telemetry, 'cacheRead'>) {
    this.#byHash = new LruCache(definitionsMax, (isHit) => telemetry?.cacheRead('plans', isHit))
  }

  /** @throws DocumentError with all problems in its details */
  ofData(data: WorkflowData): Definition {
    const known = this.#byData.get(data)
    if (known !== undefined && isDefined(data)) return this.#used(known.definition)
    const json = JSON.stringify(data)
    if (known?.json === json) return this.#used(known.definition)
    const name = isJson(data) ? hash('sha256', json, 'base64url') : null
    const same = name === null ? undefined : this.#byText.get(name)
    if (same !== undefined) return this.#used(same)
    const { document, problems } = readDocumentData(data)
    if (document === null) throw documentError(problems)
    const definition = this.ofDocument(document)
    this.#byData.set(data, { json, definition })
    if (name !== null) this.#byText.set(name, definition)
    return definition
  }

  /** A document object must not change once it was given here. */
  ofDocument(document: WorkflowDocument): Definition {
    const known = this.#byDocument.get(document)
    if (known !== undefined) return this.#used(known)
    const hash = documentHash(document)
    const definition = this.#byHash.getOrMake(hash, () => made(document, hash))
    this.#byDocument.set(document, definition)
    return definition
  }

  /** The definition that an execution is pinned to; `text` reads the journal when it is not in memory. */
  ofHash(hash: string, text: () => string | undefined): Definition {
    const known = this.#byHash.get(hash)
    if (known !== undefined) return known
    const found = text()
    if (found === undefined) {
      throw new StateConsistencyError(`the file has no document ${hash}`, {
        hint: 'try `aura recover`',
      })
    }
    const document = JSON.parse(found) as WorkflowDocument
    if (documentHash(document) !== hash) {
      throw new StateConsistencyError(`document ${hash} does not match its hash`, {
        hint: 'try `aura recover`',
      })
    }
    const definition = made(document, hash)
    this.#byHash.set(hash, definition)
    return definition
  }

  /** What is found by another way is in use all the same, and there is one of each hash. */
  #used(definition: Definition): Definition {
    return this.#byHash.getOrMake(definition.hash, () => definition)
  }
}

function made(document: WorkflowDocument, hash: string): Definition {
  return {
    document,
    hash,
    text: JSON.stringify(document),
    plan: compilePlan(document, hash),
    readInput: document.input === null ? plainInput : lazyReader(document.input),
    lastStart: null,
  }
}

/** Hash over document and input: the same id with another one is refused. */
export function startHashOf(definition: Definition, input: JsonObject): string {
  const inputText = JSON.stringify(input)
  if (definition.lastStart?.inputText !== inputText) {
    definition.lastStart = { inputText, hash: hashJson([definition.hash, input]) }
  }
  return definition.lastStart.hash
}

/** @throws InputError with all problems in its details */
export function checkedInput(definition: Definition, input: JsonValue): JsonObject {
  const { value, problems } = definition.readInput(input)
  if (problems.length > 0 || !isJsonObject(value)) {
    throw inputRefusal(definition.document.name, problems)
  }
  return value
}

const plainInput = (input: JsonValue): InputReading => ({ value: input, problems: [] })

/** Compiling a schema takes longer than folding an execution, and whoever only looks needs none. */
function lazyReader(schema: JsonObject): Definition['readInput'] {
  let read: Definition['readInput'] | null = null
  return (input) => {
    read ??= compileInput(schema)
    return read(input)
  }
}
