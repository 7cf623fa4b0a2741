import {
  type Checked,
  compileSchema,
  type Schema,
  type SchemaCheck,
} from '../../../agents/index.ts'
import { messageOf } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'

/** A node's schema made ready; without one everything passes. */
export interface NodeSchema {
  /** What is wrong with the schema itself; null for nothing. */
  readonly fault: string | null
  /** Checks a copy of the value; defaults are in the result. */
  check(value: JsonValue): Promise<Checked>
}

const anything: NodeSchema = { fault: null, check: (value) => Promise.resolve({ ok: true, value }) }

/** Never throws. */
export function compileNodeSchema(schema: Schema | undefined): NodeSchema {
  if (schema === undefined) return anything
  let check: SchemaCheck
  try {
    check = compileSchema(schema, 'it')
  } catch (thrown) {
    return { ...anything, fault: messageOf(thrown) }
  }
  return { fault: null, check: async (value) => check(structuredClone(value)) }
}
