import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const packageName = 'aura-orchestration'

/** This installation, as a new project can depend on it. */
export interface PackageSource {
  /** A range for what came from a registry, else `file:` and where it came from. */
  readonly dependency: string
  /** A checkout whose package is not built yet: its folder; else null. */
  readonly unbuilt: string | null
}

/** Finds out where the package in a folder came from. */
export function packageSource(folder: string): PackageSource {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string
  }
  const modules = dirname(folder)
  const resolved = resolvedFrom(modules)
  if (resolved?.startsWith('http') === true) return { dependency: `^${version}`, unbuilt: null }
  if (resolved?.startsWith('file:') === true) {
    const path = resolve(dirname(modules), resolved.slice('file:'.length))
    if (existsSync(path)) return { dependency: `file:${path}`, unbuilt: null }
  }
  const isBuilt = existsSync(join(folder, 'dist', 'cli', 'main.js'))
  return { dependency: `file:${folder}`, unbuilt: isBuilt ? null : folder }
}

/** What npm noted when it installed the package; undefined in a checkout, or without a note. */
function resolvedFrom(modules: string): string | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
      packages?: Record<string, { resolved?: string }>
    }
    return lock.packages?.[`node_modules/${packageName}`]?.resolved
  } catch {
    return undefined // another package manager, or a checkout
  }
}
