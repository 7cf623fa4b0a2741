import { setTimeout as sleep } from 'node:timers/promises'
import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { isAgentTraffic } from '../../agents/index.ts'
import type { WorkflowEngine } from '../../engine/index.ts'
import type { EventMesh } from '../../mesh/index.ts'
import type { CommandContext } from '../command-context.ts'

export interface EventIntakeOptions {
  /** Null: nobody else publishes to the mesh of this process. */
  readonly mesh: EventMesh | null
  readonly logger: Logger
  readonly engine: Pick<WorkflowEngine, 'deliver'>
  /** Then what is not taken is left to the next process. */
  readonly isGoingDown: () => boolean
}

const againMs = 1_000
/** Longer than the pause, so that the mesh does not take the event away meanwhile. */
const extendMs = 30_000

/**
 * Gives the events of a mesh that others publish to as well to the triggers of this process. One that is
 * refused for the moment, over the admission limit for one, is tried until it is taken: events are not skipped.
 * Processes that have the same workflows share the group `AURA_KAFKA_GROUP` (default `triggers`): each event
 * goes to one of them.
 */
export async function takeEvents(
  { env }: CommandContext,
  { mesh, logger, engine, isGoingDown }: EventIntakeOptions,
): Promise<void> {
  const group = env['AURA_KAFKA_GROUP'] || 'triggers'
  await mesh?.subscribe(
    '*',
    async (event, delivery) => {
      if (isAgentTraffic(event.type)) return
      for (;;) {
        try {
          await engine.deliver(event)
          return
        } catch (thrown) {
          const isForNow = isOrchestrationError(thrown) && thrown.retryable
          if (!isForNow || isGoingDown() || !delivery.extend(extendMs)) throw thrown
          const { id, source } = event
          logger.log('warn', `an event waits for its triggers: ${messageOf(thrown)}`, {
            id,
            source,
          })
        }
        await sleep(againMs, undefined, { signal: delivery.signal })
      }
    },
    { group },
  )
}
