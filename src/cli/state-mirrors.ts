import type { Logger } from '../core/logger.ts'
import type { ClosableMirror } from '../engine/index.ts'
import { storeMirror } from '../state/index.ts'
import type { CommandContext } from './command-context.ts'

/**
 * Where a process that drives executions shows what they have in their state: in the Redis of `REDIS_URL`, and
 * in a compacted topic of the brokers of `KAFKA_BROKERS`. Nowhere without these variables.
 *
 * @throws what `openRedis` and `kafkaStateTopic` throw: nothing is left open then
 */
export async function mirrorsOf(
  { env, clock }: Pick<CommandContext, 'env' | 'clock'>,
  logger: Logger,
): Promise<readonly ClosableMirror[]> {
  const mirrors: ClosableMirror[] = []
  const url = env['REDIS_URL'] ?? ''
  const address = env['KAFKA_BROKERS'] ?? ''
  try {
    if (url !== '') {
      const { openRedis, RedisStateStore } = await import('../integrations/redis/index.ts')
      const { connection, close } = await openRedis({ url, clock })
      // It only writes: what others change is none of its business.
      const store = new RedisStateStore({ connection, clock, cachedEntriesMax: 0 })
      mirrors.push({ ...storeMirror(store), close })
    }
    if (address !== '') {
      const { kafkaStateTopic, readBrokers } = await import('../integrations/kafka/index.ts')
      mirrors.push(await kafkaStateTopic({ brokers: readBrokers(address), clock, logger }))
    }
    return mirrors
  } catch (thrown) {
    await closeMirrors(mirrors)
    throw thrown
  }
}

export async function closeMirrors(mirrors: readonly ClosableMirror[]): Promise<void> {
  for (const mirror of mirrors) await mirror.close?.()
}
