import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'

/** A package that Aura works with and does not bring along. */
export interface OptionalPackage {
  /** Names with exact versions, as `npm install` takes them. */
  readonly install: readonly string[]
  /** What needs it. */
  readonly purpose: string
}

/**
 * Loads an optional package when it is first needed.
 *
 * @throws RefusedError naming the packages, their versions and the command that installs them
 */
export async function loadOptional<T>(wanted: OptionalPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (thrown) {
    if (isOrchestrationError(thrown) || !isMissing(thrown)) throw thrown
    const names = wanted.install.join(' ')
    throw new OrchestrationError(
      'RefusedError',
      `${wanted.purpose} needs ${names}, not installed here`,
      {
        hint: `npm install ${names}`,
        details: { packages: [...wanted.install], reason: messageOf(thrown) },
        cause: thrown,
      },
    )
  }
}

function isMissing(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown)) return false
  return thrown.code === 'ERR_MODULE_NOT_FOUND' || thrown.code === 'MODULE_NOT_FOUND'
}
