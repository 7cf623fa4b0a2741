import { readFileSync } from 'node:fs'
import { isJsonObject } from '../core/json.ts'

/** The version in this package's `package.json`, which lies at the same place above `src` and above `dist`. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const data: unknown = JSON.parse(text)
  return isJsonObject(data) && typeof data.version === 'string' ? data.version : 'unknown'
}
