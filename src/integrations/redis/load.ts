import { OrchestrationError } from '../../core/errors.ts'

/** What this room uses of the package `redis`. */
export type RedisModule = typeof import('redis')

/**
 * The client, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export async function loadRedis(
  load: () => Promise<RedisModule> = () => import('redis'),
): Promise<RedisModule> {
  try {
    return await load()
  } catch (thrown) {
    if ((thrown as { readonly code?: unknown } | null)?.code !== 'ERR_MODULE_NOT_FOUND')
      throw thrown
    throw new OrchestrationError('UsageError', 'the package redis 6.3.1 is not installed', {
      hint: 'npm install redis@6.3.1',
      cause: thrown,
    })
  }
}
