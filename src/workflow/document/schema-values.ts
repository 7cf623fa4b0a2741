import * as z from 'zod'
import { limits } from '../../core/limits.ts'
import { durationPattern, namePattern } from './text-patterns.ts'

/*
 * The building blocks of the document's schema. Every `error` text says what was expected; the
 * reader shows it as `expected`.
 */

/** What a duration must look like, as problems say it. */
export const durationExpected = 'a duration such as 500ms, 30s, 5m, 2h or 7d, or a ${ } template'

/** A duration text or a template that gives one. */
export const duration = z
  .string({ error: durationExpected })
  .regex(durationPattern, { error: durationExpected })
  .max(limits.expressionCharactersMax)

/** What a workflow's name must look like, as problems say it. */
const nameExpected = 'a name: a to z first, then a-z 0-9 -, at most 63'

/** A workflow's name. */
export const workflowName = z.string().regex(namePattern, { error: nameExpected })

/** A name of an agent, action, signal and the like. */
export const label = z.string().min(1).max(200)

/** A CEL expression; a surrounding `${ }` is optional. */
export const expression = z
  .string()
  .min(1)
  .describe('A CEL expression; a surrounding ${ } is optional')

/** Any JSON value, with `${ }` templates in its texts. */
export const template = z.unknown().describe('Any value; texts may hold ${ } templates')

/** A map of JSON values with templates. */
export const templateMap = z
  .record(z.string(), z.unknown())
  .describe('A map of any values; texts may hold ${ } templates')

export const retry = z
  .strictObject({
    maxAttempts: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Attempts in all, the first included'),
    initialInterval: duration.optional(),
    backoff: z.number().min(1).max(1_000).optional(),
    maxInterval: duration.optional(),
    jitter: z.number().min(0).max(1).optional(),
  })
  .describe('How failed attempts are repeated')
