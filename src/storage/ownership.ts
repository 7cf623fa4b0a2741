import { isOwned } from './lock.ts'
import { readOwnerFile } from './owner-file.ts'
import type { OwnerInfo } from './owner-file.ts'
import { realPath } from './real-path.ts'

/** Whether somebody owns a file, and who; `owner` is null while the owner has not published itself. */
export interface Ownership {
  readonly isOwned: boolean
  readonly owner: OwnerInfo | null
}

/**
 * Who owns the database now. What a dead owner left behind counts as nothing.
 *
 * @throws StorageError when the lock file cannot be read.
 */
export function findOwner(path: string): Ownership {
  const file = realPath(path)
  return isOwned(file)
    ? { isOwned: true, owner: readOwnerFile(file) }
    : { isOwned: false, owner: null }
}
