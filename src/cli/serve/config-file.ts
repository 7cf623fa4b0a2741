import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, Pair } from 'yaml'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { Problem } from '../../workflow/index.ts'
import { configKeys } from './config-keys.ts'
import type { ConfigKey } from './config-keys.ts'

/** The values that a configuration file sets, by key; paths are absolute. */
export type ConfigFileValues = ReadonlyMap<string, JsonValue>

/** Bytes that a configuration file may have. */
const configBytesMax = 1_000_000

const keysInFile = configKeys.filter((key) => key.isInFile)

/**
 * Reads the file of `--config`: YAML with the keys of `configKeys`. Relative paths in it start from its
 * folder.
 *
 * @throws UsageError with all problems in its details: a key that there is not, with the nearest one; a
 *   value of a wrong kind; a file that cannot be read
 */
export function readConfigFile(file: string, cwd: string): ConfigFileValues {
  const path = resolve(cwd, file)
  const lines = new LineCounter()
  const yaml = parseDocument(textOf(file, path), { lineCounter: lines, merge: false })
  const reader = new ConfigReader(file, dirname(path), lines)
  for (const fault of yaml.errors) {
    const message = fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')
    reader.refuse(fault.pos[0], { message: message ?? 'the YAML cannot be read' })
  }
  if (yaml.errors.length === 0) reader.readDocument(yaml)
  if (reader.problems.length > 0) throw refused(file, reader.problems)
  return reader.values
}

class ConfigReader {
  readonly values = new Map<string, JsonValue>()
  readonly problems: Problem[] = []
  readonly #file: string
  readonly #folder: string
  readonly #lines: LineCounter

  constructor(file: string, folder: string, lines: LineCounter) {
    this.#file = file
    this.#folder = folder
    this.#lines = lines
  }

  readDocument(yaml: Document.Parsed): void {
    if (yaml.contents === null) return
    if (isMap(yaml.contents)) this.#readMap(yaml.contents.items, '', yaml)
    else {
      const expected = `a map with ${keysInFile.map(({ key }) => key).join(', ')}`
      this.refuse(yaml.contents.range[0], { message: 'the configuration is no map', expected })
    }
  }

  #readMap(items: readonly unknown[], above: string, yaml: Document.Parsed): void {
    for (const item of items) {
      if (!isPair(item)) continue
      const pair = item as Pair<Node, Node | null>
      const name = isScalar(pair.key) ? String(pair.key.value) : ''
      const offset = pair.key.range?.[0] ?? 0
      const key = `${above}${name}`
      const known = keysInFile.find((candidate) => candidate.key === key)
      if (known !== undefined) this.#readValue(known, pair, yaml)
      else if (isMap(pair.value) && hasKeysBelow(key))
        this.#readMap(pair.value.items, `${key}.`, yaml)
      else if (hasKeysBelow(key))
        this.refuse(offset, { message: `${key} is no map`, path: key, expected: 'a map' })
      else this.#refuseUnknown(offset, { key, name, above })
    }
  }

  #readValue(key: ConfigKey, pair: Pair<Node, Node | null>, yaml: Document.Parsed): void {
    const value = (pair.value?.toJS(yaml) ?? null) as JsonValue
    if (key.isValid(value)) {
      this.values.set(key.key, key.isPath ? absolutePaths(this.#folder, value) : value)
      return
    }
    this.refuse(pair.value?.range?.[0] ?? pair.key.range?.[0] ?? 0, {
      message: `${key.key} is not valid`,
      path: key.key,
      found: JSON.stringify(value),
      expected: key.expected,
    })
  }

  #refuseUnknown(offset: number, at: { key: string; name: string; above: string }): void {
    const siblings = keysInFile
      .filter(({ key }) => key.startsWith(at.above))
      .map(({ key }) => key.slice(at.above.length).split('.')[0] as string)
    this.refuse(offset, {
      message: `there is no key '${at.key}'`,
      path: at.key,
      found: at.name,
      hint: nearestOrAll(at.name, [...new Set(siblings)]),
    })
  }

  refuse(
    offset: number,
    problem: Pick<Problem, 'message'> &
      Partial<Pick<Problem, 'path' | 'found' | 'expected' | 'hint'>>,
  ): void {
    const { line, col } = this.#lines.linePos(offset)
    this.problems.push({
      file: this.#file,
      line,
      column: col,
      path: null,
      found: null,
      expected: null,
      hint: null,
      level: 'error',
      ...problem,
    })
  }
}

/** A path, or each of a list of them, made absolute; null stays. */
export function absolutePaths(folder: string, value: JsonValue): JsonValue {
  if (typeof value === 'string') return resolve(folder, value)
  if (!Array.isArray(value)) return value
  return value.map((path) => resolve(folder, path as string))
}

function hasKeysBelow(key: string): boolean {
  return keysInFile.some((candidate) => candidate.key.startsWith(`${key}.`))
}

function textOf(file: string, path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length <= configBytesMax) return text
  } catch (thrown) {
    throw new OrchestrationError('UsageError', `--config ${file}: ${messageOf(thrown)}`, {
      cause: thrown,
    })
  }
  throw new OrchestrationError('UsageError', `--config ${file} is over ${configBytesMax} bytes`)
}

function refused(file: string, problems: readonly Problem[]): OrchestrationError {
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new OrchestrationError('UsageError', `${file} has ${what}`, {
    hint: 'aura config --config FILE prints the configuration in force',
    details: { problems: problems.map((problem): JsonObject => ({ ...problem })) },
  })
}
