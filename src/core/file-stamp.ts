import { statSync } from 'node:fs'

/**
 * What changes when a file does: its size, its times, and its inode, since an editor that replaces it gives it
 * another one. `none` where there is no file.
 */
export function fileStamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? 'none' : [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join('/')
}
