import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const packageName = 'aura-orchestration'
const isCheckout = import.meta.url.endsWith('.ts')

/** Files outside `node_modules` that were resolved since the last `clear`, for finding a syntax error. */
export const resolvedFiles = new Set<string>()

let isInstalled = false

/**
 * From now on `aura-orchestration` and its subpaths mean the running installation, wherever the importing file
 * lies, so that agents share its classes; `zod` means ours where the importer has none of its own.
 */
export function installResolution(): void {
  if (isInstalled) return
  isInstalled = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const own = ownUrl(specifier)
      if (own !== undefined) return nextResolve(own, context)
      try {
        const resolved = nextResolve(specifier, context)
        if (resolved.url.startsWith('file:') && !resolved.url.includes('/node_modules/')) {
          resolvedFiles.add(fileURLToPath(resolved.url))
        }
        return resolved
      } catch (error) {
        if (specifier !== 'zod' && !specifier.startsWith('zod/')) throw error
        return nextResolve(specifier, { ...context, parentURL: import.meta.url })
      }
    },
    // Agent modules are ES modules, also beside a package.json that says nothing or `commonjs`.
    load(url, context, nextLoad) {
      const isScript = context.format === 'commonjs-typescript' && !url.includes('/node_modules/')
      return nextLoad(url, isScript ? { ...context, format: 'module-typescript' } : context)
    },
  })
}

/** Subpaths that are no integration, by their folders. */
const ownFolders: ReadonlyMap<string, string> = new Map([['testing', 'testing']])

/** The file that a specifier of this package means in the running installation; undefined for other packages. */
export function ownUrl(specifier: string): string | undefined {
  if (specifier !== packageName && !specifier.startsWith(`${packageName}/`)) return undefined
  const subpath = specifier.slice(packageName.length + 1)
  if (subpath === 'package.json') return new URL('../../package.json', import.meta.url).href
  const folder = subpath === '' ? '' : `${ownFolders.get(subpath) ?? `integrations/${subpath}`}/`
  const file = `${folder}index.${isCheckout ? 'ts' : 'js'}`
  return new URL(`../${file}`, import.meta.url).href
}
