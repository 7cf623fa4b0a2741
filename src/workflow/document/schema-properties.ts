import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/** Nested schemas that are followed from one root; more are left out. */
const followedMax = 10_000

/** The schema of one property of an object schema, local references and `allOf` followed; null when it says nothing. */
export function propertySchema(schema: JsonObject, key: string): JsonObject | null {
  for (const part of flattened(schema, schema)) {
    const properties = part.properties
    if (!isJsonObject(properties) || !Object.hasOwn(properties, key)) continue
    const found = properties[key]
    if (isJsonObject(found))
      return Object.assign({}, ...flattened(found, schema).toReversed()) as JsonObject
  }
  return null
}

/**
 * Paths of the properties whose format is `file-path`; `*` stands for every item of a list. A schema
 * that contains itself is followed once around; `mapFilePaths` follows it as deep as the input goes.
 */
export function filePathProperties(schema: JsonObject | null): readonly (readonly string[])[] {
  const paths: string[][] = []
  if (schema === null) return paths
  const queue: { node: JsonObject; path: string[]; above: ReadonlySet<JsonObject> }[] = [
    { node: schema, path: [], above: new Set() },
  ]
  for (const { node, path, above } of queue) {
    const parts = flattened(node, schema)
    if (parts.some((part) => part.format === 'file-path')) paths.push(path)
    for (const part of parts) {
      if (above.has(part) || queue.length > followedMax) continue
      const inside = new Set([...above, part])
      for (const [key, child] of childSchemas(part))
        queue.push({ node: child, path: [...path, key], above: inside })
    }
  }
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()]
}

/** A copy of an input in which every text at a `file-path` property, at any depth, went through `change`. */
export function mapFilePaths(
  schema: JsonObject | null,
  input: JsonValue,
  change: (path: string) => string,
): JsonValue {
  if (schema === null) return input
  const walk = (value: JsonValue, nodes: readonly JsonObject[]): JsonValue => {
    const parts = nodes.flatMap((node) => flattened(node, schema))
    if (typeof value === 'string') {
      return parts.some((part) => part.format === 'file-path') ? change(value) : value
    }
    const below = (key: string): JsonObject[] =>
      parts.flatMap((part) =>
        childSchemas(part).flatMap(([name, child]) => (name === key ? [child] : [])),
      )
    if (Array.isArray(value)) {
      const items = below('*')
      return items.length === 0 ? value : value.map((item) => walk(item as JsonValue, items))
    }
    if (!isJsonObject(value) || parts.length === 0) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, below(key))]),
    )
  }
  return walk(input, [schema])
}

function childSchemas(schema: JsonObject): [string, JsonObject][] {
  const found: [string, JsonObject][] = []
  if (isJsonObject(schema.properties)) {
    for (const [key, child] of Object.entries(schema.properties))
      if (isJsonObject(child)) found.push([key, child])
  }
  if (isJsonObject(schema.items)) found.push(['*', schema.items])
  return found
}

/** The schema and what it takes in for the same value by local `$ref`, `allOf` and `anyOf`. */
function flattened(schema: JsonObject, root: JsonObject): JsonObject[] {
  const parts: JsonObject[] = [schema]
  const add = (node: JsonValue | undefined): void => {
    if (isJsonObject(node) && !parts.includes(node) && parts.length < 100) parts.push(node)
  }
  for (const part of parts) {
    if (typeof part.$ref === 'string') add(localReference(part.$ref, root))
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const list = part[key]
      if (Array.isArray(list)) for (const item of list) add(item as JsonValue)
    }
  }
  return parts
}

/** What a reference such as `#/$defs/x` names in the schema; undefined when it leads nowhere or outside. */
export function localReference(reference: string, root: JsonObject): JsonValue | undefined {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let node: JsonValue | undefined = root
  for (const part of reference.slice(2).split('/')) {
    const key = decodePointer(part)
    if (Array.isArray(node)) node = node[Number(key)] as JsonValue | undefined
    else node = isJsonObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
  }
  return node
}

function decodePointer(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}
