import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LineCounter, parseDocument } from 'yaml'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { Problem } from '../../workflow/index.ts'
import { type ConfigKey, configKeys } from './config-keys.ts'
import { type ConfigNode, type ConfigPlace, nodesOfData, nodesOfYaml } from './config-node.ts'

/** The values that a configuration file sets, by key; paths are absolute. */
export type ConfigFileValues = ReadonlyMap<string, JsonValue>

/** Bytes that a configuration file may have. */
const configBytesMax = 1_000_000
/** What a folder's own configuration may be called. */
const ownNames = ['ts', 'mts', 'js', 'mjs', 'yaml', 'yml', 'json'].map(
  (end) => `aura.config.${end}`,
)

/**
 * The configuration file of a folder, relative to it: `aura.config.ts`, `.yaml` and their kin; null without one.
 *
 * @throws UsageError where there are several
 */
export function ownConfigFile(folder: string): string | null {
  const found = ownNames.filter((name) => existsSync(join(folder, name)))
  if (found.length <= 1) return found[0] ?? null
  throw new OrchestrationError('UsageError', `${folder} has ${found.join(' and ')}`, {
    hint: 'keep one of them, or name it with --config',
  })
}

/**
 * Reads a configuration file: YAML or JSON, or a module whose default export is the same as an object. Relative
 * paths in it start from its folder.
 *
 * @throws UsageError with all problems in its details: a key that there is not, with the nearest one; a value of a
 *   wrong kind; a file that cannot be read
 */
export async function readConfigFile(file: string, cwd: string): Promise<ConfigFileValues> {
  const path = resolve(cwd, file)
  const reader = new ConfigReader(file, dirname(path))
  if (/\.m?[jt]s$/.test(path)) reader.read(nodesOfData(await exportOf(file, path)))
  else readYaml(reader, textOf(file, path))
  if (reader.problems.length > 0) throw refused(file, reader.problems)
  return reader.values
}

function readYaml(reader: ConfigReader, text: string): void {
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, merge: false })
  for (const fault of yaml.errors) {
    const message = fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')
    const { line, col: column } = lines.linePos(fault.pos[0])
    reader.refuse({ line, column }, { message: message ?? 'the YAML cannot be read' })
  }
  if (yaml.errors.length === 0) reader.read(nodesOfYaml(yaml, lines))
}

class ConfigReader {
  readonly values = new Map<string, JsonValue>()
  readonly problems: Problem[] = []
  readonly #file: string
  readonly #folder: string

  constructor(file: string, folder: string) {
    this.#file = file
    this.#folder = folder
  }

  /** @param nodes null for a configuration that is no map */
  read(nodes: readonly ConfigNode[] | null): void {
    if (nodes !== null) return this.#readMap(nodes, '')
    const expected = `a map with ${configKeys.map(({ key }) => key).join(', ')}`
    this.refuse({ line: 1, column: 1 }, { message: 'the configuration is no map', expected })
  }

  #readMap(nodes: readonly ConfigNode[], above: string): void {
    for (const node of nodes) {
      const key = `${above}${node.name}`
      const known = configKeys.find((candidate) => candidate.key === key)
      if (known !== undefined) this.#readValue(known, node)
      else if (!hasKeysBelow(key)) this.#refuseUnknown(node, { key, above })
      else if (node.entries !== null) this.#readMap(node.entries, `${key}.`)
      else {
        const problem = { message: `${key} is no map`, path: key, expected: 'a map' }
        this.refuse(node.keyPlace, problem)
      }
    }
  }

  #readValue({ key, kind, isSecret }: ConfigKey, { value, valuePlace }: ConfigNode): void {
    if (kind.isValid(value)) {
      this.values.set(key, kind.isPath === true ? absolutePaths(this.#folder, value) : value)
      return
    }
    const found = isSecret ? null : JSON.stringify(value)
    const problem = { message: `${key} is not valid`, path: key, expected: kind.expected }
    this.refuse(valuePlace, { ...problem, found })
  }

  #refuseUnknown(node: ConfigNode, { key, above }: { key: string; above: string }): void {
    const siblings = configKeys
      .filter((known) => known.key.startsWith(above))
      .map((known) => known.key.slice(above.length).split('.')[0] as string)
    this.refuse(node.keyPlace, {
      message: `there is no key '${key}'`,
      path: key,
      found: node.name,
      hint: nearestOrAll(node.name, [...new Set(siblings)]),
    })
  }

  refuse(
    { line, column }: ConfigPlace,
    problem: Pick<Problem, 'message'> &
      Partial<Pick<Problem, 'path' | 'found' | 'expected' | 'hint'>>,
  ): void {
    const nothing = { path: null, found: null, expected: null, hint: null }
    const file = this.#file
    this.problems.push({ file, line, column, ...nothing, level: 'error', ...problem })
  }
}

/** A path, or each of a list of them, made absolute; null stays. */
export function absolutePaths(folder: string, value: JsonValue): JsonValue {
  if (typeof value === 'string') return resolve(folder, value)
  if (!Array.isArray(value)) return value
  return value.map((path) => resolve(folder, path as string))
}

function hasKeysBelow(key: string): boolean {
  return configKeys.some((candidate) => candidate.key.startsWith(`${key}.`))
}

async function exportOf(file: string, path: string): Promise<JsonValue> {
  try {
    const { default: value } = (await import(pathToFileURL(path).href)) as { default?: JsonValue }
    if (value !== undefined) return value
  } catch (thrown) {
    throw unreadable(file, thrown)
  }
  throw new OrchestrationError('UsageError', `${file} has no default export`, {
    hint: 'write: export default { … }',
  })
}

function textOf(file: string, path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw unreadable(file, thrown)
  }
  if (text.length <= configBytesMax) return text
  throw new OrchestrationError(
    'UsageError',
    `the configuration ${file} is over ${configBytesMax} bytes`,
  )
}

function unreadable(file: string, cause: unknown): OrchestrationError {
  const message = `the configuration ${file} cannot be read: ${messageOf(cause)}`
  return new OrchestrationError('UsageError', message, { cause })
}

function refused(file: string, problems: readonly Problem[]): OrchestrationError {
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new OrchestrationError('UsageError', `${file} has ${what}`, {
    hint: 'aura config prints the configuration in force, and docs/configuration.md every key',
    details: { problems: problems.map((problem): JsonObject => ({ ...problem })) },
  })
}
