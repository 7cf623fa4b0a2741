import { z } from 'zod'
import type { DeadLetterView } from '../../engine/index.ts'
import { atMs, component, nextCursor, page } from './components.ts'
import { errorJson } from './problems.ts'

export const deadLetterParams = z.object({
  id: z.string().describe('As listed; a slash in it is written %2F.'),
})

export const deadLettersQuery = z.strictObject({
  executionId: z.string().optional(),
  workflow: z.string().optional(),
  ...page,
})

export const deadLetter = component(
  'DeadLetter',
  z.object({
    id: z.string(),
    executionId: z.string(),
    stepId: z.string().nullable(),
    error: errorJson,
    atMs,
  }),
) satisfies z.ZodType<DeadLetterView>

export const deadLetterList = component(
  'DeadLetterList',
  z.object({ deadLetters: z.array(deadLetter), nextCursor }),
)

export const redriveBody = component(
  'RedriveRequest',
  z.strictObject({
    workflow: z.string().optional().describe('Only those of this workflow. Default: all.'),
  }),
)

export const redriven = component(
  'Redriven',
  z.object({
    redriven: z.array(z.string()).describe('Ids of the dead letters that are tried again.'),
    refused: z.array(z.object({ id: z.string(), error: errorJson })),
  }),
)
