import { z } from 'zod'
import type { AnyDeadLetter } from '../dead-letters.ts'
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
    executionId: z.string().nullable().describe('Null for one of a work queue.'),
    stepId: z.string().nullable(),
    error: errorJson,
    atMs,
  }),
) satisfies z.ZodType<AnyDeadLetter>

export const deadLetterList = component(
  'DeadLetterList',
  z.object({ deadLetters: z.array(deadLetter), nextCursor }),
)

export const closedLetter = component(
  'ClosedDeadLetter',
  z.object({
    executionId: z.string().nullable(),
    status: z
      .string()
      .describe('Of the execution; of an event of a work queue `waiting` or `discarded`.'),
  }),
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
