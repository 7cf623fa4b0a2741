import type { Clock } from '../core/clock.ts'
import { blobHash } from '../storage/index.ts'
import type { Catalog, CatalogKind, CatalogRow } from './catalog.ts'
import { checkCatalogEntry } from './checked-entry.ts'

/** A catalog inside one process, for tests. */
export class MemoryCatalog implements Catalog {
  readonly #rows = new Map<string, CatalogRow>()
  readonly #texts = new Map<string, string>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async register(
    kind: CatalogKind,
    entry: { readonly name: string; readonly version: string; readonly text: string },
  ): Promise<CatalogRow> {
    const { name, version, text } = checkCatalogEntry(entry)
    const hash = blobHash(text)
    const key = rowKey(kind, name, version)
    const known = this.#rows.get(key)
    if (known?.hash === hash) return known
    const row = { name, version, hash, registeredAtMs: this.#clock.nowMs() }
    this.#rows.set(key, row)
    this.#texts.set(hash, text)
    return row
  }

  async find(kind: CatalogKind, name: string, version: string): Promise<CatalogRow | null> {
    return this.#rows.get(rowKey(kind, name, version)) ?? null
  }

  async list(kind: CatalogKind): Promise<readonly CatalogRow[]> {
    return Array.from(this.#rows)
      .filter(([key]) => key.startsWith(`${kind} `))
      .map(([, row]) => row)
      .toSorted(byNameAndVersion)
  }

  async text(hash: string): Promise<string | null> {
    return this.#texts.get(hash) ?? null
  }
}

function rowKey(kind: CatalogKind, name: string, version: string): string {
  return `${kind} ${JSON.stringify([name, version])}`
}

/** The order of `Catalog.list`. */
export function byNameAndVersion(a: CatalogRow, b: CatalogRow): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.version < b.version ? -1 : 1
}
