import type { ListedExecution } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { splitPair } from '../option-values.ts'
import { openEngineAt } from './engine-at.ts'
import type { TemporalFlags } from './place.ts'

export interface ListOnTemporalOptions extends TemporalFlags {
  readonly status?: string
  readonly workflow?: string
  readonly meta?: readonly string[]
}

/** Executions on Temporal, newest first. @throws UsageError for a `--meta` that is no pair */
export async function listOnTemporal(
  context: CommandContext,
  { meta = [], status, workflow, ...place }: ListOnTemporalOptions,
): Promise<readonly ListedExecution[]> {
  const metadata = Object.fromEntries(meta.map((pair) => splitPair('--meta', pair)))
  const { engine, close } = await openEngineAt(context, place)
  try {
    return await engine.list({
      ...(status === undefined ? {} : { status }),
      ...(workflow === undefined ? {} : { workflow }),
      metadata,
    })
  } finally {
    await close()
  }
}
