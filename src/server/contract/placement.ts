import { z } from 'zod'

export const placementQuery = z.strictObject({
  execution: z.string().optional().describe('An execution id: its shard and who has it.'),
})

/** How the work of an installation is shared. */
export const placementAnswer = z.object({
  instance: z.string().describe('The instance that answers.'),
  shards: z.number().int(),
  members: z.array(z.string()).describe('The instances that live.'),
  holds: z.array(
    z.object({
      shard: z.number().int(),
      instance: z.string(),
      token: z.number().int().describe('Rises with every grant of the shard.'),
    }),
  ),
  execution: z
    .object({
      executionId: z.string(),
      shard: z.number().int(),
      taskQueue: z.string(),
      instance: z.string().nullable().describe('Null while nobody has the shard.'),
    })
    .nullable()
    .describe('Where an execution of that id is started; null when none is asked for.'),
})
