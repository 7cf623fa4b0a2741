import * as z from 'zod'
import { limits } from '../../core/limits.ts'
import { duration, expression, label, type retry, template, templateMap } from './schema-values.ts'
import { work } from './schema-work.ts'

const fallbackEntry = z
  .strictObject(work)
  .describe('Tried after the last attempt; one of agent, pattern, workflow')

const compensate = z.strictObject({ agent: label, action: label, with: templateMap.optional() })

const repeat = z.strictObject({
  until: expression,
  maxTimes: z.int().min(1).max(1_000_000).optional(),
  delay: duration.optional(),
})

const waitFor = z.strictObject({
  signal: label,
  timeout: duration.optional(),
  onTimeout: z.enum(['fail', 'continue']).optional(),
})

const concurrency = z
  .strictObject({
    key: label.describe('Steps with the same key are counted together; may hold ${ } templates'),
    max: z.int().min(1).max(limits.concurrencyMax).describe('Attempts that may run together'),
    onFull: z.enum(['wait', 'fail', 'skip']).optional().describe('Default wait'),
  })
  .describe('Bounds the step across executions')

/** One step as it is written. Which keys go together is checked apart, so that problems name them. */
export const stepSchema = z.strictObject({
  ...work,
  graph: label.optional().describe('A registered compiled graph'),
  waitFor: waitFor.optional(),
  sleep: duration.optional(),
  needs: z
    .array(z.string())
    .optional()
    .describe('Steps that must be over before this one is decided'),
  when: expression.optional(),
  whenSkipped: z.enum(['skip', 'run']).optional(),
  forEach: expression.optional(),
  maxParallel: z.int().min(1).max(limits.itemsMax).optional(),
  fallback: z.union([fallbackEntry, z.array(fallbackEntry).max(100)]).optional(),
  compensate: compensate.optional(),
  outputs: z.record(z.string(), template).optional(),
  checkpoint: label.optional(),
  continueOnFailure: z.boolean().optional(),
  repeat: repeat.optional(),
  concurrency: concurrency.optional(),
  tda: z.literal('none').optional(),
})

/** A step after the schema, before its defaults. */
export type ParsedStep = z.output<typeof stepSchema>
export type ParsedFallback = z.output<typeof fallbackEntry>
export type ParsedRetry = z.output<typeof retry>
