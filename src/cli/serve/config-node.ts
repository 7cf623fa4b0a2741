import { isMap, isPair, isScalar, type LineCounter } from 'yaml'
import type { Document, Node, Pair } from 'yaml'
import { isJsonObject, type JsonValue } from '../../core/json.ts'

/** A place in a configuration file; null where the file has no text that could be pointed at. */
export interface ConfigPlace {
  readonly line: number | null
  readonly column: number | null
}

/** One value of a configuration file, wherever it was written. */
export interface ConfigNode {
  readonly name: string
  readonly value: JsonValue
  readonly keyPlace: ConfigPlace
  readonly valuePlace: ConfigPlace
  /** What a map holds; null for every other value. */
  readonly entries: readonly ConfigNode[] | null
}

const nowhere: ConfigPlace = { line: null, column: null }

/** The entries of plain data. */
export function nodesOfData(data: JsonValue): readonly ConfigNode[] | null {
  if (!isJsonObject(data)) return null
  return Object.entries(data).map(([name, value]) => ({
    name,
    value,
    keyPlace: nowhere,
    valuePlace: nowhere,
    entries: nodesOfData(value),
  }))
}

/** The entries of a YAML document, with their places. An empty one has none. */
export function nodesOfYaml(
  yaml: Document.Parsed,
  lines: LineCounter,
): readonly ConfigNode[] | null {
  const placeAt = (offset: number | undefined): ConfigPlace => {
    const { line, col } = lines.linePos(offset ?? 0)
    return { line, column: col }
  }
  const entriesOf = (node: unknown): readonly ConfigNode[] | null => {
    if (!isMap(node)) return null
    return (node.items as readonly unknown[]).filter(isPair).map((item) => {
      const { key, value } = item as Pair<Node, Node | null>
      return {
        name: isScalar(key) ? String(key.value) : '',
        value: (value?.toJS(yaml) ?? null) as JsonValue,
        keyPlace: placeAt(key.range?.[0]),
        valuePlace: placeAt(value?.range?.[0] ?? key.range?.[0]),
        entries: entriesOf(value),
      }
    })
  }
  return yaml.contents === null ? [] : entriesOf(yaml.contents)
}
