import type { PageFile } from './page-file.ts'
import { rowsOfPage } from './table-cells.ts'

/** How to read the pages below a page: where its cells and its last page are named. */
const branchTypes: ReadonlySet<number> = new Set([0x02, 0x05])
const schemaName = 'sqlite_schema'

/**
 * Which table or index each page belongs to, as far as the tree of each can be followed. What lies
 * under a damaged branch, and pages with the end of long rows, belong to none.
 */
export function tableOfPages(file: PageFile): ReadonlyMap<number, string> {
  const tables = new Map<number, string>()
  follow(file, { name: schemaName, root: 1, tables })
  const roots: [string, number][] = []
  for (const page of tables.keys()) {
    for (const { values } of rowsOfPage(page, file.page(page), (next) => file.page(next))) {
      const [, name, , root] = values
      if (typeof name === 'string' && typeof root === 'number') roots.push([name, root])
    }
  }
  for (const [name, root] of roots) follow(file, { name, root, tables })
  return tables
}

function follow(
  file: PageFile,
  of: { readonly name: string; readonly root: number; readonly tables: Map<number, string> },
): void {
  const { name, root, tables } = of
  const waiting = [root]
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    if (page < 1 || page > file.pageCount || tables.has(page)) continue
    tables.set(page, name)
    waiting.push(...childrenOf(page, file.page(page)))
  }
}

function childrenOf(page: number, bytes: Buffer): readonly number[] {
  const start = page === 1 ? 100 : 0
  if (!branchTypes.has(bytes.readUInt8(start))) return []
  const count = Math.min(bytes.readUInt16BE(start + 3), (bytes.length - start - 12) / 2)
  const children = [bytes.readUInt32BE(start + 8)]
  for (let i = 0; i < count; i++) {
    const offset = bytes.readUInt16BE(start + 12 + 2 * i)
    if (offset + 4 <= bytes.length) children.push(bytes.readUInt32BE(offset))
  }
  return children
}
