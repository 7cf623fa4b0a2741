import { checkBytes } from './checked-entry.ts'
import { checkName } from './checked-write.ts'
import type { RecordChange } from '../core/contracts/record-store.ts'

/** Checks what reaches a store of records, whichever it is. @throws InputError; ResourceExhaustionError for a text over `payloadBytesMax` */
export function checkChange(group: string, { set, add, remove = [] }: RecordChange): void {
  checkName('group', group)
  for (const name of remove) checkName('record', name)
  for (const [name, text] of [...(set ?? []), ...(add ?? [])]) {
    checkName('record', name)
    checkBytes(text, 'payloadBytesMax')
  }
}
