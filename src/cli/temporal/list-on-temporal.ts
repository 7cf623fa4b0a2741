import type { ListedExecution } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { splitPair } from '../option-values.ts'
import { withEngineAt } from './engine-at.ts'

export interface ListOnTemporalOptions {
  readonly status?: string
  readonly workflow?: string
  readonly meta?: readonly string[]
}

/** Executions on Temporal, newest first. @throws UsageError for a `--meta` that is no pair */
export async function listOnTemporal(
  context: CommandContext,
  { meta = [], status, workflow }: ListOnTemporalOptions,
): Promise<readonly ListedExecution[]> {
  const metadata = Object.fromEntries(meta.map((pair) => splitPair('--meta', pair)))
  return withEngineAt(context, (engine) =>
    engine.list({
      ...(status === undefined ? {} : { status }),
      ...(workflow === undefined ? {} : { workflow }),
      metadata,
    }),
  )
}
