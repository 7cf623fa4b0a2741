import { z } from 'zod'
import { didYouMean, moduleError } from './module-error.ts'
import {
  agentSettings,
  completeConfiguration,
  type AgentConfiguration,
  type AgentSettings,
} from './configuration.ts'
import type { ActionDefinition } from './contract.ts'

/** A task as people would put it; a text alone stands for `{ text }`. */
export interface AgentExample {
  readonly text: string
  /** What is wanted of the agent; default the agent as a whole. */
  readonly intent?: string
  /** 0 to 1: the task is for this agent when such an anomaly is in force, 0 when all is calm. Default: whatever is in force. */
  readonly anomalySeverity?: number
}

/** What an agent is made from. */
export interface AgentDefinition {
  /** Kind of agent: 1 to 100 of A-Z a-z 0-9 . _ - */
  readonly type: string
  /** Default: the type. */
  readonly id?: string
  /** Goes into each action's contract hash; default `0.0.0`. */
  readonly version?: string
  readonly description?: string
  readonly capabilities?: readonly string[]
  /** Tasks from which semantic routing learns what is for this agent; at most 10,000. */
  readonly examples?: readonly (string | AgentExample)[]
  readonly actions: { readonly [name: string]: ActionDefinition }
  /** Makes it an HTTP agent: where it is called. */
  readonly url?: string
  /** HTTP agents only: `GET <url>/outcome/<key>` tells the outcome of an earlier call. Default false. */
  readonly lookup?: boolean
  /** Limits, transport and observability; what is left out has its default. */
  readonly config?: AgentSettings
}

/** A definition after all checks. */
export interface CheckedDefinition {
  readonly config: AgentConfiguration
  readonly version: string
  readonly description: string | null
  readonly examples: readonly AgentExample[]
  readonly hasHttpLookup: boolean
  readonly actions: { readonly [name: string]: ActionDefinition }
}

const definitionKeys = [
  'type',
  'id',
  'version',
  'description',
  'capabilities',
  'examples',
  'actions',
  'url',
  'lookup',
  'config',
]
const actionKeys = [
  'description',
  'effect',
  'input',
  'output',
  'run',
  'lookup',
  'maxTokens',
  'maxCostUsd',
  'usage',
]
const examplesMax = 10_000
const examplesSchema = z
  .array(
    z.union([
      z.string().transform((text) => ({ text })),
      z.strictObject({
        text: z.string(),
        intent: z.string().min(1).optional(),
        anomalySeverity: z.number().min(0).max(1).optional(),
      }),
    ]),
  )
  .max(examplesMax)
const effects = ['read', 'idempotent', 'once']
const actionPattern = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/

/** How an agent is called: its functions, a URL, a host of the mesh, or by a transport that it brings. */
type Reach = 'functions' | 'http' | 'mesh' | 'own'

/**
 * @param hasTransport whether the agent brings a transport of its own, so that its actions have no `run`
 * @throws AgentModuleError for the first thing that is wrong, naming agent, action and field.
 */
export function checkDefinition(
  definition: AgentDefinition,
  hasTransport = false,
): CheckedDefinition {
  if (typeof definition !== 'object' || definition === null)
    throw moduleError('an agent definition must be an object')
  const named: unknown = definition.id ?? definition.type
  const what = `agent '${typeof named === 'string' ? named.slice(0, 100) : '?'}'`
  checkKeys(definition, definitionKeys, what)
  if (typeof definition.type !== 'string') throw moduleError(`${what}: type is missing`)
  for (const field of ['version', 'description', 'url'] as const) {
    const value: unknown = definition[field]
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw moduleError(`${what}: ${field} must be a text`)
  }
  if (definition.lookup !== undefined && typeof definition.lookup !== 'boolean') {
    throw moduleError(
      `${what}: lookup must be true or false`,
      'the lookup function belongs into the action',
    )
  }
  const config = readConfiguration(definition, what)
  const { transport } = config.communicationConfig
  const usual = transport === 'in-process' ? 'functions' : transport
  const reach: Reach = hasTransport ? 'own' : usual
  if (definition.lookup !== undefined && reach === 'functions') {
    throw moduleError(
      `${what}: lookup: ${definition.lookup} is for HTTP agents`,
      'give the action a lookup function',
    )
  }
  return {
    config,
    version: definition.version ?? '0.0.0',
    description: definition.description ?? null,
    examples: readExamples(definition.examples, what),
    hasHttpLookup: definition.lookup ?? false,
    actions: checkActions(definition.actions, what, reach),
  }
}

function readExamples(examples: unknown, what: string): readonly AgentExample[] {
  const read = examplesSchema.safeParse(examples ?? [])
  if (read.success) return Object.freeze(read.data as readonly AgentExample[])
  throw moduleError(
    `${what}: examples must be a list of at most ${examplesMax} texts or { text, intent?, anomalySeverity? }`,
  )
}

function readConfiguration(definition: AgentDefinition, what: string): AgentConfiguration {
  const { type, id, capabilities, url, config = {} } = definition
  const top = agentSettings(
    {
      agentType: type,
      ...(id === undefined ? {} : { agentId: id }),
      ...(capabilities === undefined ? {} : { capabilities }),
    },
    what,
  )
  const given = agentSettings(config, `${what}: config`)
  for (const field of ['agentType', 'agentId'] as const) {
    if (top[field] !== undefined && given[field] !== undefined && top[field] !== given[field]) {
      throw moduleError(
        `${what}: config.${field} is '${given[field]}', but the definition says '${top[field]}'`,
      )
    }
  }
  // The configuration wins over `url`: operators move agents without touching their code.
  const address = given.communicationConfig?.address ?? url
  const communicationConfig = {
    ...given.communicationConfig,
    ...(address === undefined ? {} : { address }),
  }
  return completeConfiguration({ ...top, ...given, agentType: type, communicationConfig })
}

function checkActions(actions: unknown, what: string, reach: Reach): CheckedDefinition['actions'] {
  if (typeof actions !== 'object' || actions === null || Array.isArray(actions)) {
    throw moduleError(`${what}: actions must be an object of actions by name`)
  }
  const names = Object.keys(actions)
  if (names.length === 0) throw moduleError(`${what}: it has no action`)
  for (const name of names) {
    const at = `${what}, action '${name.slice(0, 100)}'`
    if (!actionPattern.test(name))
      throw moduleError(`${at}: a name is a letter and up to 99 of A-Z a-z 0-9 . _ -`)
    checkAction((actions as Readonly<Record<string, unknown>>)[name], at, reach)
  }
  return Object.freeze({ ...actions }) as CheckedDefinition['actions']
}

function checkAction(action: unknown, at: string, reach: Reach): void {
  if (typeof action !== 'object' || action === null)
    throw moduleError(`${at}: it must be an object`)
  checkKeys(action, actionKeys, at)
  const {
    effect,
    run,
    lookup,
    description = '',
    maxTokens = 0,
    maxCostUsd = 0,
    usage,
  } = action as Partial<Record<string, unknown>>
  if (typeof description !== 'string') throw moduleError(`${at}: description must be a text`)
  if (!Number.isSafeInteger(maxTokens) || (maxTokens as number) < 0)
    throw moduleError(`${at}: maxTokens must be a whole number of 0 or more`)
  if (!Number.isFinite(maxCostUsd) || (maxCostUsd as number) < 0)
    throw moduleError(`${at}: maxCostUsd must be a number of 0 or more`)
  if (usage !== undefined) checkUsage(usage, at, reach)
  if (effect === undefined) {
    throw moduleError(
      `${at}: effect is missing`,
      `say what a second call means: ${effects.join(', ')}`,
    )
  }
  if (typeof effect !== 'string' || !effects.includes(effect)) {
    throw moduleError(
      `${at}: effect is ${JSON.stringify(effect) ?? typeof effect}, not one of ${effects.join(', ')}`,
    )
  }
  if (reach === 'http' && run !== undefined)
    throw moduleError(`${at}: an HTTP agent has no run`, 'leave out url, or run')
  if ((reach === 'own' || reach === 'mesh') && run !== undefined)
    throw moduleError(`${at}: its agent has a transport, which calls it: leave out run`)
  if (reach === 'http' && lookup !== undefined)
    throw moduleError(
      `${at}: an HTTP agent has no lookup function`,
      'declare lookup: true beside url',
    )
  if (reach === 'mesh' && lookup !== undefined)
    throw moduleError(
      `${at}: an agent of the mesh has no lookup function`,
      'declare lookup: true for the agent',
    )
  if (reach === 'functions' && typeof run !== 'function')
    throw moduleError(`${at}: run must be a function`, 'or give the agent a url')
  if (lookup !== undefined && typeof lookup !== 'function')
    throw moduleError(`${at}: lookup must be a function`)
}

function checkUsage(usage: unknown, at: string, reach: Reach): void {
  if (reach !== 'http')
    throw moduleError(
      `${at}: usage is for agents that are called at a url`,
      'report it yourself: ctx.budget.report({ tokens })',
    )
  const places = typeof usage === 'object' && usage !== null ? usage : {}
  checkKeys(places, ['tokens', 'costUsd'], `${at}: usage`)
  const pointers = Object.values(places).flat() as unknown[]
  const isRight = pointers.every((one) => typeof one === 'string' && one.startsWith('/'))
  if (pointers.length === 0 || !isRight)
    throw moduleError(
      `${at}: usage says where tokens or costUsd are in an answer`,
      'by JSON pointers: usage: { tokens: "/usage/total_tokens" }',
    )
}

function checkKeys(value: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw moduleError(`${what}: unknown key '${key.slice(0, 100)}'`, didYouMean(key, known))
  }
}
