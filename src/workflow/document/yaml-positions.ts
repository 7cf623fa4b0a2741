import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, ParsedNode, Scalar } from 'yaml'
import { lineTable } from './line-table.ts'
import { quotedOffset } from './quoted-offset.ts'
import type { Path, Place, Positions } from './problem.ts'
import type { YamlText } from './yaml-parse.ts'

interface Spot {
  readonly keyOffset: number | null
  readonly valueOffset: number | null
  readonly node: ParsedNode | null
}

/**
 * Places in a YAML text, looked up by walking the tree when a problem is shown. A path that leads
 * out of the tree gives the place of the last part of it that exists.
 */
export function yamlPositions(yaml: YamlText, aliased: ReadonlyMap<Alias, ParsedNode>): Positions {
  const at = lineTable(yaml.text)
  const find = (path: Path): Spot => findSpot(yaml.root, path, aliased)
  const valuePlace = (spot: Spot): Place => at(spot.valueOffset ?? spot.keyOffset ?? 0)
  return {
    at,
    key(path) {
      const spot = find(path)
      return at(spot.keyOffset ?? spot.valueOffset ?? 0)
    },
    value: (path) => valuePlace(find(path)),
    inText(path, offset) {
      const spot = find(path)
      const sourceOffset = isScalar(spot.node) ? scalarOffset(spot.node, offset, yaml.text) : null
      return sourceOffset === null ? valuePlace(spot) : at(sourceOffset)
    },
  }
}

function findSpot(
  root: ParsedNode | null,
  path: Path,
  aliased: ReadonlyMap<Alias, ParsedNode>,
): Spot {
  let spot: Spot = { keyOffset: null, valueOffset: root?.range[0] ?? 0, node: root }
  for (const part of path) {
    const next = child(spot.node, part, aliased)
    // A missing key is shown at the key of the map that lacks it.
    if (next === null)
      return { ...spot, valueOffset: spot.keyOffset ?? spot.valueOffset, node: null }
    spot = next
  }
  return spot
}

function child(
  parent: ParsedNode | null,
  part: string | number,
  aliased: ReadonlyMap<Alias, ParsedNode>,
): Spot | null {
  let node = parent
  for (let turn = 0; isAlias(node) && turn < 100; turn++) node = aliased.get(node) ?? null
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part]
    return item === undefined ? null : { keyOffset: null, valueOffset: item.range[0], node: item }
  }
  if (!isMap(node)) return null
  for (const pair of node.items) {
    const key = pair.key as ParsedNode | null
    if (!isScalar(key) || key.value !== part) continue
    const value = pair.value
    return { keyOffset: key.range[0], valueOffset: value?.range[0] ?? null, node: value }
  }
  return null
}

/** Where the character `offset` of a one-line scalar stands in the source; null when it has several lines. */
function scalarOffset(node: Scalar.Parsed, offset: number, text: string): number | null {
  const [start, end] = node.range
  const source = text.slice(start, end)
  if (source.includes('\n') || source.includes('\r')) return null
  if (node.type === 'PLAIN') return start + Math.min(offset, source.length)
  const inside = quotedOffset(source, offset)
  return inside === null ? null : start + inside
}
