import { dirname, join } from 'node:path/posix'

/** One import of another file of the repository. */
export interface FileImport {
  /** Path of the imported file from the repository's root. */
  readonly to: string
  /** `import type` and `export type`, which leave nothing behind at run time. */
  readonly isTypeOnly: boolean
}

const staticImport =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:(?:(?!^[ \t]*(?:import|export)\b)[^'";])*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm
const typeQuery = /\btypeof\s+import\(\s*['"](\.[^'"]+)['"]\s*\)/g
const dynamicImport = /\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/g

/**
 * The relative imports in a file's text: static ones, re-exports and `import('…')`. An import whose
 * names are all marked `type` one by one counts as a value: it still runs the file.
 */
export function importsOf(path: string, text: string): readonly FileImport[] {
  const found: FileImport[] = []
  const add = (specifier: string, isTypeOnly: boolean): void => {
    found.push({ to: join(dirname(path), specifier), isTypeOnly })
  }
  const code = text.replaceAll(/^[ \t]*(?:\/\/|\*|\/\*).*$/gm, '')
  for (const match of code.matchAll(staticImport)) add(match[2] as string, match[1] !== undefined)
  const rest = code.replaceAll(typeQuery, (_, specifier: string) => {
    add(specifier, true)
    return ''
  })
  for (const match of rest.matchAll(dynamicImport)) add(match[1] as string, false)
  return found
}
