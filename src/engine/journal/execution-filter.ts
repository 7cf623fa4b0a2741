import { canonicalJson } from '../../core/json.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ExecutionFilter } from './journal.ts'

/** How many executions a list gives when the filter does not say. */
export const listLimitDefault = 1_000

/** True when every wanted pair is in the metadata; numbers, booleans and objects compare as JSON text. */
export function hasMetadata(
  metadata: JsonObject,
  wanted: ExecutionFilter['metadata'] = {},
): boolean {
  return Object.entries(wanted).every(([key, text]) => {
    if (!Object.hasOwn(metadata, key)) return false
    const value = metadata[key]
    return (
      value !== undefined && (typeof value === 'string' ? value : canonicalJson(value)) === text
    )
  })
}
