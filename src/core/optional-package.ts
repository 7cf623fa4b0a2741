import { OrchestrationError } from './errors.ts'

/**
 * Loads packages that Aura works with and does not bring along, when they are first needed: nobody else pays
 * for them.
 *
 * @param packages with their exact versions, as `npm install` takes them
 * @throws UsageError naming the packages and the command that installs them; what `load` throws otherwise
 */
export async function loadOptional<T>(
  packages: readonly [string, ...string[]],
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load()
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown
    const named = packages.map((name) => name.replace(/(?<=.)@/, ' ')).join(', ')
    const what = packages.length === 1 ? `the package ${named} is` : `the packages ${named} are`
    throw new OrchestrationError('UsageError', `${what} not installed`, {
      hint: `npm install ${packages.join(' ')}`,
      details: { packages: [...packages] },
      cause: thrown,
    })
  }
}

function isMissing(thrown: unknown): boolean {
  const code = (thrown as { readonly code?: unknown } | null)?.code
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
}
