import type { ListedExecution } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { splitPair } from '../option-values.ts'
import { readSettings } from '../serve/settings.ts'
import { type TemporalFlags, temporalPlace } from './place.ts'
import { queuesOf } from './shared-site.ts'

export interface ListOnTemporalOptions extends TemporalFlags {
  readonly status?: string
  readonly workflow?: string
  readonly meta?: readonly string[]
}

/** Executions on Temporal, newest first. @throws UsageError for a `--meta` that is no pair */
export async function listOnTemporal(
  context: CommandContext,
  { meta = [], status, workflow, address, namespace, taskQueue }: ListOnTemporalOptions,
): Promise<readonly ListedExecution[]> {
  const metadata = Object.fromEntries(meta.map((pair) => splitPair('--meta', pair)))
  const settings = await readSettings(context, {
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(taskQueue === undefined ? {} : { taskQueue }),
  })
  const { openTemporalEngine } = await import('../../integrations/temporal/index.ts')
  const engine = await openTemporalEngine({
    ...temporalPlace(settings.temporal),
    clock: context.clock,
    // A queue that somebody names is meant as it is.
    ...(taskQueue === undefined ? { taskQueues: queuesOf(settings) } : {}),
  })
  try {
    return await engine.list({
      ...(status === undefined ? {} : { status }),
      ...(workflow === undefined ? {} : { workflow }),
      metadata,
    })
  } finally {
    await engine.close()
  }
}
