import { resolve } from 'node:path'
import { type Logger, silentLogger } from '../core/logger.ts'
import { PolicyFile } from '../semantic/index.ts'
import type { CommandContext } from './command-context.ts'

export interface PolicyInForce {
  /** Absolute; default the file that AURA_POLICY names, if it does. */
  readonly path?: string | null
  readonly logger?: Logger
  /** Ids and types that rules may allow; without them any may be named. */
  readonly agents?: readonly string[]
}

/**
 * The policy that every engine of a verb obeys, also one that only records; undefined where none is named.
 *
 * @throws DocumentError with every problem of the file; InputError when it cannot be read
 */
export function policyOf(
  { clock, cwd, env }: CommandContext,
  { path = null, logger = silentLogger, agents }: PolicyInForce = {},
): PolicyFile | undefined {
  const named = env.AURA_POLICY === undefined || env.AURA_POLICY === '' ? null : env.AURA_POLICY
  const file = path ?? (named === null ? null : resolve(cwd, named))
  if (file === null) return undefined
  return new PolicyFile({ path: file, clock, logger, ...(agents === undefined ? {} : { agents }) })
}
