import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/** The schemas that `/openapi.json` names under `components.schemas`. */
export const components = z.registry<{ id: string }>()

/** Gives a schema its name in `/openapi.json`. */
export function component<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  components.add(schema, { id })
  return schema
}

/** Any JSON value; what it may be is said elsewhere, in a document or an agent's schema. */
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>
export const jsonObject = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>

/** Milliseconds since the epoch. */
export const atMs = z.number()

/** Of every list: how to ask for what comes after it. */
export const nextCursor = z
  .string()
  .nullable()
  .describe('Give it as `cursor` to go on; null when the list is complete.')

/** Where a list is to go on, and how much of it is wanted. */
export const page = {
  cursor: z.string().optional().describe('`nextCursor` of the page before.'),
  limit: z.coerce.number().int().min(1).max(1_000).optional().describe('Default 100.'),
}

/** Entries of a page when the request does not say. */
export const pageLimitDefault = 100
