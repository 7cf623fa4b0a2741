import type { CloudEvent } from '../../core/contracts/events.ts'
import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { WorkflowEngine } from '../../engine/index.ts'
import type { AnomalyFeed } from '../../tda/index.ts'
import type { ServedOrchestration } from './served-orchestration.ts'

/** What stands between the API and the engine. */
export interface ServedEngineParts {
  readonly engine: WorkflowEngine
  readonly feed: AnomalyFeed
  readonly orchestration: Pick<ServedOrchestration, 'deliver'>
  readonly logger: Logger
  isGoingDown(): boolean
}

/**
 * The engine as the API sees it. The events that it is handed reach the TDA feed first, so that what their
 * triggers start sees the anomaly; an event that the feed cannot read is still one for the triggers. While
 * the process goes down, what the closed engine refuses may be asked again of the next owner.
 */
export function servedEngine(parts: ServedEngineParts): WorkflowEngine {
  const { engine, feed, orchestration, logger } = parts
  const deliver: WorkflowEngine['deliver'] = async (event) => {
    tellFeed(feed, event, logger)
    return [...(await engine.deliver(event)), ...(await orchestration.deliver(event))]
  }
  return new Proxy(engine, {
    get(target, key) {
      const member: unknown = key === 'deliver' ? deliver : Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      // Private fields are those of the engine itself, not of what stands before it.
      return (...given: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, given)
        if (!(answer instanceof Promise)) return answer
        return answer.catch((thrown: unknown) => {
          throw parts.isGoingDown() ? goingDown(thrown) : thrown
        })
      }
    },
  })
}

/** An event that the feed cannot read is logged. */
export function tellFeed(feed: Pick<AnomalyFeed, 'take'>, event: CloudEvent, logger: Logger): void {
  try {
    feed.take(event)
  } catch (thrown) {
    const { id, source } = event
    logger.log('warn', `the TDA feed does not take event '${id}': ${messageOf(thrown)}`, { source })
  }
}

function goingDown(thrown: unknown): unknown {
  if (!isOrchestrationError(thrown) || thrown.code !== 'RefusedError') return thrown
  return new OrchestrationError('OwnerError', `the owner of the file is going down`, {
    retryable: true,
    hint: 'ask again in a moment: the file itself takes verbs when it has no owner',
    cause: thrown,
  })
}
