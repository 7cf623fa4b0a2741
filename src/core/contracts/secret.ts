import { isJsonObject, type JsonValue } from '../json.ts'

/** Where an input names a secret, as the document says it: nothing else in an input is taken for one. */
export interface SecretPlace {
  /** Keys and positions from the input's root. */
  readonly path: readonly (string | number)[]
  readonly name: string
}

/** The name that `{ $secret: NAME }` says; null for any other value. */
export function secretNameOf(value: JsonValue | undefined): string | null {
  if (!isJsonObject(value)) return null
  const name = value['$secret']
  return typeof name === 'string' && Object.keys(value).length === 1 ? name : null
}
