import { ResourceExhaustionError, StateConsistencyError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { blobHash } from '../storage/index.ts'
import { checkName } from './checked-write.ts'

interface Entry {
  readonly name: string
  readonly version: string
  readonly text: string
}

/** Checks what is registered in a catalog, whichever it is. @throws InputError; ResourceExhaustionError */
export function checkCatalogEntry(entry: Entry): Entry {
  checkName('catalog entry', entry.name)
  checkName('version', entry.version)
  checkBytes(entry.text, 'documentBytesMax')
  return entry
}

/** @throws ResourceExhaustionError over a limit */
export function checkBytes(text: string, limit: 'documentBytesMax' | 'payloadBytesMax'): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= limits[limit]) return text
  throw new ResourceExhaustionError(
    `a text has ${bytes} bytes, more than ${limits[limit]} (${limit})`,
    { hint: 'keep it elsewhere and write where it is' },
  )
}

/** The text that was found under a hash. @throws StateConsistencyError when it is another one */
export function textOfHash(text: string | null, hash: string): string | null {
  if (text === null || blobHash(text) === hash) return text
  throw new StateConsistencyError(`the text under ${hash} is not what its hash says`, {
    hint: 'something altered it: restore the store from a backup',
    details: { hash },
  })
}
