import { dirname, resolve } from 'node:path'
import { acquireLock } from './lock.ts'
import { makeDirectory } from './make-directory.ts'
import { type OwnerInfo, removeOwnerFile, writeOwnerFile } from './owner-file.ts'
import { realPath } from './real-path.ts'

/** A place that this process owns as it would own a database there, for an engine that needs no file. */
export interface OwnedPlace {
  /** Tells verbs that are called for this place where the owner listens. @throws StorageError */
  publish(owner: OwnerInfo): void
  /** Gives the place up; calling it again does nothing. */
  release(): void
}

/**
 * Makes this process the owner of a path.
 *
 * @throws OwnerError when another process is; StorageError when the folder cannot be made or written
 */
export function ownPlace(path: string): OwnedPlace {
  makeDirectory(dirname(resolve(path)))
  const place = realPath(resolve(path))
  const lock = acquireLock(place)
  removeOwnerFile(place)
  let isReleased = false
  return {
    publish: (owner) => writeOwnerFile(place, owner),
    release() {
      if (isReleased) return
      isReleased = true
      removeOwnerFile(place)
      lock.release()
    },
  }
}
