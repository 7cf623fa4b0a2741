import { resolve } from 'node:path'
import type { FlagProvider, FlagSource } from '../core/contracts/flags.ts'
import type { Logger } from '../core/logger.ts'
import { combineFlags, EnvironmentFlags, FileFlags } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'

/**
 * Who decides feature flags: variables `AURA_FLAG_…` first, then the file. Undefined when there is
 * neither: then every flag is on.
 *
 * @param file absolute; null for the one that AURA_FLAGS names, if it does
 * @throws InputError for a variable or a file that cannot be read as flags
 */
export function flagProviderOf(
  context: CommandContext,
  file: string | null,
  logger: Logger,
): FlagProvider | undefined {
  const { clock, cwd, env } = context
  const named = env.AURA_FLAGS === undefined || env.AURA_FLAGS === '' ? null : env.AURA_FLAGS
  const path = file ?? (named === null ? null : resolve(cwd, named))
  const sources: FlagSource[] = []
  if (Object.keys(env).some((name) => name.startsWith('AURA_FLAG_')))
    sources.push(new EnvironmentFlags(env))
  if (path !== null) sources.push(new FileFlags({ path, clock, logger }))
  return sources.length === 0 ? undefined : combineFlags(...sources)
}
