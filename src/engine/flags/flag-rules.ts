import { createHash } from 'node:crypto'
import type { FlagProvider, FlagSource } from '../../core/contracts/flags.ts'

/** For whom a flag is asked. */
export interface FlagContext {
  readonly executionId: string
  readonly workflow: string
}

/** Asks several sources in turn: the first one that knows a flag decides it, and a flag nobody knows is off. */
export function combineFlags(...sources: readonly FlagSource[]): FlagSource {
  const decide = (flag: string, context: FlagContext): boolean | undefined => {
    for (const source of sources) {
      const isOn = source.decide(flag, context)
      if (isOn !== undefined) return isOn
    }
    return undefined
  }
  return { decide, isOn: (flag, context) => decide(flag, context) ?? false }
}

/**
 * Decides each flag once, as it is journalled at the start of an execution.
 *
 * @param provider null: no provider is configured, so every flag is on
 */
export function decideFlags(
  provider: FlagProvider | null,
  flags: readonly string[],
  context: FlagContext,
): Readonly<Record<string, boolean>> {
  return Object.fromEntries(flags.map((flag) => [flag, provider?.isOn(flag, context) ?? true]))
}

/**
 * The place of an execution in a flag's roll-out, from 0 up to but not including 100. It hashes flag and
 * execution id, so an execution stays where it is and flags are independent of each other.
 */
export function rolloutPlace(flag: string, executionId: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([flag, executionId]))
    .digest()
  return (digest.readUInt32BE(0) / 2 ** 32) * 100
}
