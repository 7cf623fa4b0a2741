import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { readSettings } from '../serve/settings.ts'
import { temporalPlace } from './place.ts'
import { queuesOf } from './shared-site.ts'
import { openWorkerStores } from './worker-stores.ts'

/** The engine of a command, and what is opened for it. */
export interface EngineAt {
  readonly engine: TemporalEngine
  readonly close: () => Promise<void>
}

/** Opens it where flags, environment and file say that Temporal is. @throws UsageError, StorageError */
export async function openEngineAt(context: CommandContext): Promise<EngineAt> {
  const { address, namespace, taskQueue } = context.temporal ?? {}
  const settings = await readSettings(context, {
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(taskQueue === undefined ? {} : { taskQueue }),
  })
  const place = temporalPlace(settings.temporal)
  const stores = await openWorkerStores(settings, context.clock)
  try {
    const { openTemporalEngine } = await import('../../integrations/temporal/index.ts')
    const engine = await openTemporalEngine({
      ...place,
      ...stores.options,
      clock: context.clock,
      // A queue that somebody names is meant as it is.
      ...(taskQueue === undefined ? { taskQueues: queuesOf(settings) } : {}),
    })
    return {
      engine,
      async close() {
        await engine.close()
        await stores.close()
      },
    }
  } catch (thrown) {
    await stores.close()
    throw thrown
  }
}

/** Works with it, and closes it. @throws as `openEngineAt` */
export async function withEngineAt<Result>(
  context: CommandContext,
  work: (engine: TemporalEngine) => Promise<Result>,
): Promise<Result> {
  const { engine, close } = await openEngineAt(context)
  try {
    return await work(engine)
  } finally {
    await close()
  }
}
