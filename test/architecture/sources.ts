import { readdirSync, readFileSync } from 'node:fs'
import { matchesGlob, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders = ['src', 'test', 'sim', 'bench', 'scripts', 'examples']

/** The text of every TypeScript file of the repository, by its path from the root. */
export function readSources(): ReadonlyMap<string, string> {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    for (const entry of readdirSync(`${root}/${folder}`, {
      recursive: true,
      withFileTypes: true,
    })) {
      const path = `${entry.parentPath}/${entry.name}`
      if (entry.isFile() && path.endsWith('.ts')) {
        sources.set(relative(root, path), readFileSync(path, 'utf8'))
      }
    }
  }
  return sources
}

const build = JSON.parse(readFileSync(`${root}/tsconfig.build.json`, 'utf8')) as {
  readonly exclude: readonly string[]
}

/** A file that is not built into the package: tests, what only tests use, and all outside `src/`. */
export function isTestFile(path: string): boolean {
  return path.endsWith('.test.ts') || build.exclude.some((pattern) => matchesGlob(path, pattern))
}
