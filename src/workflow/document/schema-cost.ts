import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { localReference } from './schema-properties.ts'

/** Subschemas that checking one value against a schema may visit, references followed. */
const schemaVisitsMax = 100_000

/** Schemas nested in one another, references included. */
const schemaDepthMax = 500

interface Keywords {
  readonly singles: readonly string[]
  readonly lists: readonly string[]
  readonly maps: readonly string[]
}

/** Keywords whose schemas are for the same value. */
const inPlace: Keywords = {
  singles: ['not', 'if', 'then', 'else'],
  lists: ['allOf', 'anyOf', 'oneOf'],
  maps: ['dependentSchemas'],
}

/** Keywords whose schemas are for parts of the value. */
const below: Keywords = {
  singles: [
    'items',
    'additionalProperties',
    'contains',
    'propertyNames',
    'unevaluatedItems',
    'unevaluatedProperties',
  ],
  lists: ['prefixItems'],
  maps: ['properties', 'patternProperties'],
}

/**
 * Why checking a value against this JSON Schema could take forever, or null. Two shapes do: a schema
 * that refers to itself for the same value, and references that multiply (`allOf` of twice the same
 * `$ref`, again and again). References other than local pointers (`#/$defs/x`) are not followed.
 */
export function endlessSchemaReason(root: JsonObject): string | null {
  const meter = new SchemaMeter(root)
  const visits = meter.visits(root)
  if (meter.selfReference !== null)
    return `the schema refers to itself for the same value by ${meter.selfReference}`
  if (meter.isTooDeep) return `the schema is nested deeper than ${schemaDepthMax} (schemaDepthMax)`
  return visits > schemaVisitsMax
    ? `the schema's references multiply to more than ${schemaVisitsMax} subschemas (schemaVisitsMax)`
    : null
}

class SchemaMeter {
  selfReference: string | null = null
  isTooDeep = false
  readonly #root: JsonObject
  readonly #known = new Map<JsonObject, number>()
  /** Schemas being measured, with the depth of the value that they are for. */
  readonly #open = new Map<JsonObject, number>()
  #valueDepth = 0

  constructor(root: JsonObject) {
    this.#root = root
  }

  /** Subschemas that checking one value visits; a reference back up the value's tree counts as one. */
  visits(schema: JsonValue | undefined, via = '$ref'): number {
    if (!isJsonObject(schema) || this.isTooDeep) return 1
    const known = this.#known.get(schema)
    if (known !== undefined) return known
    const openDepth = this.#open.get(schema)
    if (openDepth !== undefined) {
      if (openDepth === this.#valueDepth) this.selfReference ??= via
      return 1
    }
    if (this.#open.size >= schemaDepthMax) {
      this.isTooDeep = true
      return 1
    }
    this.#open.set(schema, this.#valueDepth)
    const sum = Math.min(1 + this.#inPlace(schema) + this.#below(schema), Number.MAX_SAFE_INTEGER)
    this.#open.delete(schema)
    this.#known.set(schema, sum)
    return sum
  }

  #inPlace(schema: JsonObject): number {
    let sum = 0
    for (const child of children(schema, inPlace)) sum += this.visits(child)
    if (typeof schema.$ref !== 'string') return sum
    return sum + this.visits(localReference(schema.$ref, this.#root), schema.$ref.slice(0, 100))
  }

  #below(schema: JsonObject): number {
    let sum = 0
    this.#valueDepth += 1
    for (const child of children(schema, below)) sum += this.visits(child)
    this.#valueDepth -= 1
    return sum
  }
}

function* children(schema: JsonObject, keywords: Keywords): Generator<JsonValue> {
  for (const key of keywords.singles) if (isJsonObject(schema[key])) yield schema[key]
  for (const key of keywords.lists)
    if (Array.isArray(schema[key])) yield* schema[key] as readonly JsonValue[]
  for (const key of keywords.maps) if (isJsonObject(schema[key])) yield* Object.values(schema[key])
}
