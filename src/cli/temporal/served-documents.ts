import { OrchestrationError } from '../../core/errors.ts'
import { LruCache } from '../../core/lru-cache.ts'
import type { Catalog } from '../../state/index.ts'
import {
  documentError,
  readDocumentData,
  type WorkflowData,
  type WorkflowDocument,
  workflowRefs,
} from '../../workflow/index.ts'

const knownMax = 1_000

interface Known {
  readonly data: WorkflowData
  readonly document: WorkflowDocument
}

/** The documents that an installation knows: in its catalog, so that what one instance is told all of them know. */
export class ServedDocuments {
  readonly #catalog: Catalog
  /** By the hash of their text, which never means another one. */
  readonly #read = new LruCache<string, Known>(knownMax)

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** @throws DocumentError for one with problems; as `Catalog.register` */
  async register(data: WorkflowData): Promise<void> {
    const { document, problems } = readDocumentData(data, { file: data.name })
    if (document === null) throw documentError(problems)
    const { name, version } = document
    await this.#catalog.register('document', { name, version, text: JSON.stringify(data) })
  }

  /** Those of a name, or all, by name and version. @throws as `Catalog.list` */
  async list(name?: string): Promise<readonly WorkflowDocument[]> {
    return (await this.#known(name)).map(({ document }) => document)
  }

  /** Among which the sub-workflows of a document are looked for: all, if it has any. @throws as `Catalog.list` */
  async around(document: WorkflowDocument): Promise<readonly WorkflowData[]> {
    if (workflowRefs(document).length === 0) return []
    return (await this.#known()).map(({ data }) => data)
  }

  async #known(name?: string): Promise<readonly Known[]> {
    const rows = await this.#catalog.list('document')
    const wanted = rows.filter((row) => name === undefined || row.name === name)
    return Promise.all(wanted.map(({ hash }) => this.#one(hash)))
  }

  async #one(hash: string): Promise<Known> {
    const known = this.#read.get(hash)
    if (known !== undefined) return known
    const text = await this.#catalog.text(hash)
    const data = JSON.parse(text ?? 'null') as WorkflowData
    const { document } = readDocumentData(data, { file: hash })
    if (document === null)
      throw new OrchestrationError('DocumentError', `the catalog's document ${hash} is not valid`, {
        hint: 'another version of Aura has registered it: register it again',
      })
    const found = { data, document }
    this.#read.set(hash, found)
    return found
  }
}
