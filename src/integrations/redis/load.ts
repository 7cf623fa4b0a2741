import { loadOptional } from '../../core/optional-package.ts'

/** What this room uses of the package `redis`. */
export type RedisModule = typeof import('redis')

/**
 * The client, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export function loadRedis(
  load: () => Promise<RedisModule> = () => import('redis'),
): Promise<RedisModule> {
  return loadOptional(['redis@6.3.1'], load)
}
