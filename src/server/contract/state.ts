import { z } from 'zod'
import type { WorkflowStateEntry } from '../../engine/index.ts'
import { atMs, component, jsonObject, jsonValue, nextCursor } from './components.ts'

export const stateParams = z.object({
  id: z.string().describe('The execution id.'),
  key: z.string().min(1),
})

const stateEntry = component(
  'StateEntry',
  z.object({
    workflowId: z.string().describe('The execution id.'),
    key: z.string(),
    value: jsonValue,
    version: z.number().int(),
    timestampMs: atMs,
    ttlMs: z.number().nullable().describe('Null: it stays.'),
    metadata: jsonObject,
  }),
) satisfies z.ZodType<WorkflowStateEntry>

export const stateList = component(
  'StateList',
  z.object({ entries: z.array(stateEntry), nextCursor }),
)

export const stateValue = component('StateValue', jsonValue.describe('Any JSON value.'))

const ttlMs = z.coerce.number().int().min(1)

export const stateWriteQuery = z.strictObject({
  ttlMs: ttlMs.optional().describe('As the header `x-aura-ttl-ms`.'),
})

/** The headers of a write; other headers of the request are none of its business. */
export const stateWriteHeaders = z.object({
  'if-match': z
    .string()
    .optional()
    .describe('`"3"`: only when the entry has version 3; `*`: only when there is one.'),
  'if-none-match': z.literal('*').optional().describe('`*`: only when there is no entry.'),
  'x-aura-ttl-ms': ttlMs.optional().describe('The entry is gone so long after the write.'),
  'x-aura-metadata': z.string().optional().describe('A JSON object that is kept with the entry.'),
})

export const stateDeleteHeaders = stateWriteHeaders.pick({ 'if-match': true })
