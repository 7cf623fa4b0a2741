import { readFileSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { systemClock, type Clock } from '../core/clock.ts'
import { isOrchestrationError, messageOf } from '../core/errors.ts'
import { foreignPlace } from './foreign-place.ts'
import { isAgent, type BaseAgent } from './base-agent.ts'
import { moduleError } from './module-error.ts'
import { installResolution, resolvedFiles } from './module-resolution.ts'
import { waitAtMost } from './wait-at-most.ts'

/** How long one module may take to load. */
const loadMsMax = 10_000

export interface LoadOptions {
  /** What relative paths start from. */
  readonly cwd: string
  /** Measures the 10 s limit; default the computer's clock. */
  readonly clock?: Clock
}

/**
 * Loads agents from modules anywhere on disk: `.ts`, `.mts`, `.js` or `.mjs` whose default export is an array of
 * agents. TypeScript must be erasable. A file named twice is loaded once.
 *
 * @throws AgentModuleError naming the module and what is wrong with it, with file and line of a syntax error.
 */
export async function loadAgentModules(
  paths: readonly string[],
  options: LoadOptions,
): Promise<BaseAgent[]> {
  const agents: BaseAgent[] = []
  const foundIn = new Map<string, string>()
  for (const path of new Set(paths.map((given) => resolve(options.cwd, given)))) {
    for (const agent of await loadModule(path, options.clock ?? systemClock)) {
      const earlier = foundIn.get(agent.id)
      if (earlier !== undefined) {
        const where = earlier === path ? `twice in ${path}` : `in ${earlier} and in ${path}`
        throw moduleError(
          `agent id '${agent.id}' is defined ${where}`,
          'give one of them another id',
        )
      }
      foundIn.set(agent.id, path)
      agents.push(agent)
    }
  }
  return agents
}

async function loadModule(path: string, clock: Clock): Promise<BaseAgent[]> {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw moduleError(`there is no agent module ${path}`)
  if (!stats.isFile())
    throw moduleError(`agent module ${path} is no file`, 'name the module, not its folder')
  if (!/\.m?[jt]s$/.test(path)) {
    throw moduleError(`agent module ${path} is no .ts, .mts, .js or .mjs file`)
  }
  installResolution()
  resolvedFiles.clear()
  const module = await importModule(path, clock)
  if (!('default' in module)) {
    throw moduleError(
      `agent module ${path} has no default export`,
      'export default [defineAgent(…)]',
    )
  }
  const exported = module['default']
  if (!Array.isArray(exported)) {
    const hint = isAgent(exported)
      ? 'put the agent into an array'
      : 'export default [defineAgent(…)]'
    throw moduleError(
      `agent module ${path}: its default export is ${kindOf(exported)}, not an array`,
      hint,
    )
  }
  return exported.map((element: unknown, index) => {
    if (isAgent(element)) return element
    const message = `agent module ${path}: element ${index} of its default export is ${kindOf(element)}, no agent`
    throw moduleError(message, 'make it with defineAgent, or extend BaseAgent')
  })
}

async function importModule(
  path: string,
  clock: Clock,
): Promise<Readonly<Record<string, unknown>>> {
  let isLate = true
  try {
    const imported = (import(pathToFileURL(path).href) as Promise<Record<string, unknown>>).finally(
      () => {
        isLate = false
      },
    )
    return await waitAtMost(clock, loadMsMax, imported)
  } catch (error) {
    if (isLate) {
      const hint = 'a top-level await in it does not end; start long work in an agent’s onInit'
      throw moduleError(`agent module ${path} did not load within ${loadMsMax} ms`, hint, error)
    }
    throw describeImportError(path, error)
  }
}

function describeImportError(path: string, error: unknown): Error {
  const code = readCode(error)
  const message = messageOf(error)
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    const hint = 'install it beside the module, or correct the path'
    return moduleError(`agent module ${path} imports what is not there: ${message}`, hint, error)
  }
  if (!(error instanceof SyntaxError)) {
    const at = error instanceof Error ? foreignPlace(error) : undefined
    const where = at === undefined ? '' : ` (${at})`
    const hint = isOrchestrationError(error) ? (error.hint ?? undefined) : undefined
    const text = `agent module ${path} throws when it is loaded: ${message}${where}`
    return moduleError(text, hint, error)
  }
  const where = placeIn(error) ?? firstBrokenFile(path) ?? path
  if (code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return moduleError(
      `agent module ${path} has a syntax error at ${where}: ${message}`,
      undefined,
      error,
    )
  }
  const hint =
    'use only TypeScript that can be erased: no enum, no namespace with code, no parameter properties'
  return moduleError(
    `agent module ${path} cannot be stripped of its types at ${where}: ${message}`,
    hint,
    error,
  )
}

/** Node begins the stack of a syntax error with `<file>:<line>`, except for plain ES modules. */
function placeIn(error: unknown): string | undefined {
  return /^(?:file:\/\/)?(\/[^\n]*:\d+|[A-Za-z]:\\[^\n]*:\d+)\n/.exec(stackOf(error))?.[1]
}

/** Parses what was resolved on the way, for a file and line where Node names none. */
function firstBrokenFile(path: string): string | undefined {
  for (const file of new Set([path, ...resolvedFiles])) {
    try {
      stripTypeScriptTypes(readFileSync(file, 'utf8'), { sourceUrl: file })
    } catch (error) {
      const place = placeIn(error)
      if (place !== undefined) return place
    }
  }
  return undefined
}

function readCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function stackOf(error: unknown): string {
  return error instanceof Error && typeof error.stack === 'string' ? error.stack : ''
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return isAgent(value) ? 'an agent' : 'an object'
  return `a ${typeof value}`
}
