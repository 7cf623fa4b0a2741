import { isAlias, isScalar, isSeq } from 'yaml'
import type { Alias, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { cut } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { ValueBudget } from './value-budget.ts'

/**
 * Turns a YAML tree into JSON data and reports what JSON cannot say: duplicate keys, keys that are
 * no text, numbers that are no JSON numbers, tags, and aliases without end. The data of a part that
 * has a problem is null or left out.
 */
export function readTree(root: ParsedNode | null, problems: ProblemList): YamlTree {
  const reader = new TreeReader(problems)
  const data = reader.read(root, [])
  return { data, aliased: reader.aliased }
}

export interface YamlTree {
  readonly data: JsonValue
  /** What each alias stands for. */
  readonly aliased: ReadonlyMap<Alias, ParsedNode>
}

class TreeReader {
  readonly aliased = new Map<Alias, ParsedNode>()
  readonly #problems: ProblemList
  readonly #budget: ValueBudget
  readonly #anchors = new Map<string, ParsedNode>()
  /** Anchored nodes around the one being read: an alias to one of them would never end. */
  readonly #open = new Set<ParsedNode>()
  #aliasesLeft: number = limits.aliasesMax
  #expanding = 0

  constructor(problems: ProblemList) {
    this.#problems = problems
    this.#budget = new ValueBudget(problems)
  }

  read(node: ParsedNode | null, path: Path): JsonValue {
    const offset = node?.range[0]
    const units = isScalar(node) && typeof node.value === 'string' ? node.value.length + 1 : 1
    if (!this.#budget.take(path, units, this.#expanding > 0 ? undefined : offset)) return null
    if (node === null) return null
    if (isAlias(node)) return this.#readAlias(node, path)
    if (node.tag?.startsWith('tag:yaml.org,2002:') === false) {
      this.#problems.add({
        path,
        message: 'tags are not read',
        found: node.tag,
        sourceOffset: node.range[0],
      })
    }
    // Inside an expansion every anchor is known already, and a later one of the same name must stay.
    if (node.anchor !== undefined && this.#expanding === 0) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return this.#readScalar(node, path)
    this.#open.add(node)
    const value = isSeq(node) ? this.#readList(node, path) : this.#readMap(node, path)
    this.#open.delete(node)
    return value
  }

  #readAlias(alias: Alias.Parsed, path: Path): JsonValue {
    const target = this.aliased.get(alias) ?? this.#anchors.get(alias.source)
    const fault = (message: string): null => {
      this.#problems.add({
        path,
        message,
        found: cut(`*${alias.source}`),
        sourceOffset: alias.range[0],
      })
      return null
    }
    if (target === undefined) return fault('the alias names no anchor before it')
    if (this.#open.has(target)) return fault('the alias stands inside its own anchor')
    this.aliased.set(alias, target)
    this.#aliasesLeft -= 1
    if (this.#aliasesLeft === -1) {
      return fault(`more than ${limits.aliasesMax} alias expansions (aliasesMax)`)
    }
    if (this.#aliasesLeft < 0) return null
    this.#expanding += 1
    const value = this.read(target, path)
    this.#expanding -= 1
    return value
  }

  #readScalar(node: Scalar.Parsed, path: Path): JsonValue {
    const { value } = node
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && isJsonNumber(value, node.source)) return value
    this.#problems.add({
      path,
      message: typeof value === 'number' ? 'JSON has no such number' : 'JSON has no such value',
      found: cut(node.source),
      expected: 'a finite number that keeps all its digits',
      hint: 'write it in quotes if it is meant as text',
      sourceOffset: node.range[0],
    })
    return null
  }

  #readList(node: YAMLSeq.Parsed, path: Path): JsonValue {
    const list: JsonValue[] = []
    for (const item of node.items as readonly (
      | ParsedNode
      | { key: ParsedNode; value: ParsedNode | null }
    )[]) {
      if (this.#budget.isSpent) break
      list.push(this.read(item as ParsedNode, [...path, list.length]))
    }
    return list
  }

  #readMap(node: YAMLMap.Parsed, path: Path): JsonValue {
    const map: Record<string, JsonValue> = {}
    for (const { key, value } of node.items) {
      if (this.#budget.isSpent) break
      const name = this.#readKey(key, path, node.range[0])
      if (name === null) continue
      if (Object.hasOwn(map, name)) {
        const sourceOffset = key.range[0]
        this.#problems.add({
          path: [...path, name],
          message: `the key '${cut(name)}' is there twice`,
          sourceOffset,
        })
        continue
      }
      if (!this.#budget.take(path, name.length, node.range[0])) break
      map[name] = this.read(value, [...path, name])
    }
    return map
  }

  /** The key's text, or null when it is refused. */
  #readKey(key: ParsedNode | null, path: Path, mapOffset: number): string | null {
    const sourceOffset = key?.range[0] ?? mapOffset
    const fault = (message: string, hint: string, found: string): null => {
      this.#problems.add({ path, message, found: cut(found), hint, sourceOffset })
      return null
    }
    if (key === null || !isScalar(key)) {
      return fault(
        'a key must be plain text',
        'write the key as text',
        key === null ? 'nothing' : 'no text',
      )
    }
    if (typeof key.value !== 'string') {
      return fault('a key must be text', `write "${key.source}" in quotes`, key.source)
    }
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, key)
    if (key.value === '<<' && key.type === 'PLAIN') {
      return fault('merge keys are not read', 'write the keys out, or alias a whole value', '<<')
    }
    if (key.value === '__proto__') {
      return fault("the key '__proto__' is refused", 'choose another key', '__proto__')
    }
    return key.value
  }
}

function isJsonNumber(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  return Number.isSafeInteger(value) || !/^[-+]?(\d+|0o[0-7]+|0x[\da-fA-F]+)$/.test(source)
}
