/** What a catalog lists: workflow documents, and what agents declare of themselves. */
export type CatalogKind = 'document' | 'agent'

/** That a name and version means a text. */
export interface CatalogRow {
  readonly name: string
  readonly version: string
  /** SHA-256 of the text, as 64 hexadecimal digits. */
  readonly hash: string
  readonly registeredAtMs: number
}

/**
 * Documents and agents by name, version and hash, for all processes of an installation. Texts are never removed:
 * an execution is pinned to one by its hash.
 *
 * @throws each method: StorageError (retryable) when the catalog is out of reach; InputError for a bad name
 */
export interface Catalog {
  /** A later registration of a name and version replaces an earlier one; the earlier text stays under its hash. */
  register(
    kind: CatalogKind,
    entry: { readonly name: string; readonly version: string; readonly text: string },
  ): Promise<CatalogRow>
  /** Null when it is not there. */
  find(kind: CatalogKind, name: string, version: string): Promise<CatalogRow | null>
  /** By name and version, as text compares. */
  list(kind: CatalogKind): Promise<readonly CatalogRow[]>
  /** The text of a hash; null when it was never registered. @throws StateConsistencyError when it was altered */
  text(hash: string): Promise<string | null>
}
