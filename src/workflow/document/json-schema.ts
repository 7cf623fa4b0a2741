import * as z from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { documentSchema } from './schema.ts'
import { stepKinds } from './step-kinds.ts'

let schema: JsonObject | undefined

/**
 * The JSON Schema 2020-12 of a workflow document as it is written. Editors use it for completion; it
 * says the shape only, `readDocument` checks the rest. The package ships it as
 * `schema/workflow.schema.json`.
 */
export function documentJsonSchema(): JsonObject {
  if (schema !== undefined) return schema
  const generated = z.toJSONSchema(documentSchema, { io: 'input', target: 'draft-2020-12' })
  schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://aura-orchestration.dev/schema/workflow.schema.json',
    title: 'Aura workflow document',
    ...withStepKinds(JSON.parse(JSON.stringify(generated)) as JsonObject),
  }
  return schema
}

/** The text of `schema/workflow.schema.json`. */
export function documentJsonSchemaText(): string {
  return `${JSON.stringify(documentJsonSchema(), null, 2)}\n`
}

/** Adds what zod cannot say of one flat object: a step has exactly one kind, and there is a step. */
function withStepKinds(root: JsonObject): JsonObject {
  const properties = root.properties as JsonObject
  const steps = properties.steps as JsonObject
  const step = steps.additionalProperties as JsonObject
  const oneOf = stepKinds.map((kind) => ({ required: [kind] }))
  return {
    ...root,
    properties: {
      ...properties,
      steps: { ...steps, minProperties: 1, additionalProperties: { ...step, oneOf } },
    },
  }
}

/**
 * The keys that the schema allows in the map at a path, over all variants; empty where any key is
 * allowed.
 */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  return keysIn(documentJsonSchema(), path)
}

/** As `keysAt`, for another JSON Schema without references. */
export function keysIn(root: JsonObject, path: readonly (string | number)[]): readonly string[] {
  let nodes: JsonObject[] = [root]
  for (const part of path)
    nodes = nodes.flatMap(variants).flatMap((node) => childSchemas(node, part))
  return [...new Set(nodes.flatMap(variants).flatMap((node) => Object.keys(propertiesOf(node))))]
}

function variants(node: JsonObject): JsonObject[] {
  return Array.isArray(node.anyOf) ? (node.anyOf as JsonObject[]) : [node]
}

function propertiesOf(node: JsonObject): JsonObject {
  return (node.properties ?? {}) as JsonObject
}

function childSchemas(node: JsonObject, part: string | number): JsonObject[] {
  const own = typeof part === 'string' ? propertiesOf(node) : {}
  const found = Object.hasOwn(own, part)
    ? own[part]
    : typeof part === 'number'
      ? node.items
      : node.additionalProperties
  return typeof found === 'object' && found !== null ? [found as JsonObject] : []
}
