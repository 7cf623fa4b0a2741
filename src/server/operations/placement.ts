import { shardOf, shardQueue } from '../../placement/index.ts'
import type { PlacementReport } from '../api-server-options.ts'
import { placementAnswer, placementQuery } from '../contract/placement.ts'
import { operation, type Operation } from '../operation.ts'
import { notOffered } from '../refusal.ts'

/** How several instances share the work. */
export const placementOperations: readonly Operation[] = [
  operation({
    id: 'getPlacement',
    method: 'GET',
    path: '/v1/placement',
    tag: 'process',
    summary: 'Which instance has which shard, as this one heard last',
    query: placementQuery,
    answers: { 200: { description: 'All instances and shards.', schema: placementAnswer } },
    problems: [501],
    handle({ options }, { query: { execution } }) {
      if (options.placement === undefined)
        throw notOffered(
          'this owner shares its work with nobody',
          '`aura serve --engine temporal` with REDIS_URL does',
        )
      const { instance, shards, members, holds, taskQueue } = options.placement()
      const asked =
        execution === undefined ? null : placeOf(execution, { shards, holds, taskQueue })
      return { status: 200, body: { instance, shards, members, holds, execution: asked } }
    },
  }),
]

function placeOf(
  executionId: string,
  { shards, holds, taskQueue }: Pick<PlacementReport, 'shards' | 'holds' | 'taskQueue'>,
): object {
  const shard = shardOf(executionId, shards)
  const holder = holds.find((hold) => hold.shard === shard)
  const queue = shardQueue(taskQueue, shard)
  return { executionId, shard, taskQueue: queue, instance: holder?.instance ?? null }
}
