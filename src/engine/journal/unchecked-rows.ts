import type { DatabaseReader } from '../../storage/index.ts'

/** Up to where rows of schema version 1 reach, which have no checksums; 0 in younger files. */
export interface UncheckedRows {
  readonly execution: number
  readonly position: number
}

export function readUncheckedRows(database: DatabaseReader): UncheckedRows {
  const select = `
    SELECT unchecked_execution AS execution, unchecked_position AS position
    FROM lease WHERE namespace = 0`
  const row = database.prepare(select).get() as unknown as UncheckedRows | undefined
  return row ?? { execution: 0, position: 0 }
}
