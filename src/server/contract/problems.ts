import { z } from 'zod'
import type { ErrorJson } from '../../core/errors.ts'
import type { ProblemDetails } from '../problem-details.ts'
import { component, jsonObject } from './components.ts'

/** An error as it is shown inside other answers. */
export const errorJson = component(
  'Error',
  z.object({
    code: z.string().describe('One of docs/errors/.'),
    message: z.string(),
    retryable: z.boolean(),
    hint: z.string().nullable(),
    details: jsonObject.nullable(),
  }),
) satisfies z.ZodType<ErrorJson>

/** What every refused request is answered with (RFC 9457). */
export const problem = component(
  'Problem',
  z.object({
    type: z.string().describe('`urn:aura:error:<code>`'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().describe('One of docs/errors/.'),
    retryable: z.boolean().describe('Whether the same request may succeed later.'),
    hint: z.string().nullable().describe('What to do next.'),
    details: jsonObject
      .nullable()
      .describe('For a refused document or body: `problems`, all of them.'),
  }),
) satisfies z.ZodType<ProblemDetails>

/** One thing that is wrong with a document. */
export const documentProblem = component(
  'DocumentProblem',
  z.object({
    file: z.string().nullable(),
    line: z.number().int().nullable(),
    column: z.number().int().nullable(),
    path: z.string().nullable(),
    message: z.string(),
    found: z.string().nullable(),
    expected: z.string().nullable(),
    hint: z.string().nullable(),
    level: z.enum(['error', 'warning']),
  }),
)
