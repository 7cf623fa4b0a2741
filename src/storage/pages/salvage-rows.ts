import { freePages } from './free-pages.ts'
import { isKeptTable, lostPage } from './kept-row.ts'
import { PageFile } from './page-file.ts'
import { salvagedRow } from './salvaged-row.ts'
import type { SalvagedRow } from './salvaged-row.ts'
import { cellCount, rowsOfPage } from './table-cells.ts'
import { tableOfPages } from './table-pages.ts'

const outdated = 'its newest version is damaged: what it held is as it was before, or missing'
const unreadable = 'it is damaged: how many rows it held is not known'

/**
 * Everything that is still as it was recorded, of a file however damaged and its write-ahead log, page
 * by page in no order. A row that was stored anew comes more than once, the newest first. Pages that
 * hold deleted rows are left out as long as the list of them is sound.
 *
 * @throws StorageError when the file cannot be read at all
 */
export function* salvageRows(path: string): Generator<SalvagedRow> {
  const file = new PageFile(path)
  try {
    const read = (page: number): Buffer => file.page(page)
    const tables = tableOfPages(file)
    const free = freePages(file)
    for (const versions of [file.newest(), file.older()]) {
      for (const { page, bytes } of versions) {
        if (free?.has(page) === true) continue
        let count = 0
        for (const stored of rowsOfPage(page, bytes, read)) {
          count++
          const row = salvagedRow(stored, tables.get(page))
          if (row !== null) yield row
        }
        const table = tables.get(page)
        if (isKeptTable(table)) {
          if (file.isOutdated(page)) yield lostPage(table, page, outdated)
          else if (cellCount(page, bytes) !== count) yield lostPage(table, page, unreadable)
        }
      }
    }
  } finally {
    file.close()
  }
}
