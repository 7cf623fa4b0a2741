import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * One name for one file, whether it exists or not: two paths to it, by a symbolic link, must not give
 * it two locks.
 */
export function realPath(path: string): string {
  const asked = resolve(path)
  if (exists(asked)) return realpathSync(asked)
  const directory = dirname(asked)
  return exists(directory) ? join(realpathSync(directory), basename(asked)) : asked
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
