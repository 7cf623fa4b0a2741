import { pageBytes } from './log-frames.ts'
import type { PageFile } from './page-file.ts'

/**
 * The pages that are not in use and still hold what was deleted. Null when the list of them is damaged:
 * a wrong one could name pages that are in use.
 */
export function freePages(file: PageFile): ReadonlySet<number> | null {
  const header = file.page(1)
  const count = header.readUInt32BE(36)
  const free = new Set<number>()
  const add = (page: number): boolean => {
    if (page < 2 || page > file.pageCount || free.has(page) || free.size >= count) return false
    free.add(page)
    return true
  }
  for (let trunk = header.readUInt32BE(32); trunk !== 0;) {
    if (!add(trunk)) return null
    const bytes = file.page(trunk)
    const leaves = bytes.readUInt32BE(4)
    if (leaves > pageBytes / 4 - 2) return null
    for (let i = 0; i < leaves; i++) if (!add(bytes.readUInt32BE(8 + 4 * i))) return null
    trunk = bytes.readUInt32BE(0)
  }
  return free.size === count ? free : null
}
