import type { JsonValue } from '../core/json.ts'

/** Where a list goes on, as a text that only the server understands. */
export function encodeCursor(position: JsonValue): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** The position; undefined for a text that is no cursor. */
export function decodeCursor(cursor: string): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as JsonValue
  } catch {
    return undefined // whoever reads the cursor says which list it does not belong to
  }
}
