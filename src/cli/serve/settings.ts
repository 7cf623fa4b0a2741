import type { BudgetLimit } from '../../core/contracts/budget.ts'
import { parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { LogLevel } from '../../core/logger.ts'
import type { CommandContext } from '../command-context.ts'
import { absolutePaths, ownConfigFile, readConfigFile } from './config-file.ts'
import type { ConfigFileValues } from './config-file.ts'
import { configKeys } from './config-keys.ts'
import type { ConfigKey, SettingSource } from './config-keys.ts'

/** What the command line of `aura serve` and `aura config` says. */
export interface ServeOptions {
  readonly port?: string
  readonly host?: string
  readonly engine?: string
  readonly address?: string
  readonly namespace?: string
  readonly taskQueue?: string
  readonly config?: string
  readonly agents?: readonly string[]
  readonly workflows?: readonly string[]
  readonly policy?: string
}

/** One value in force. */
export interface Setting {
  readonly key: string
  readonly value: JsonValue
  readonly source: SettingSource
  /** The flag, the variable or the file that it comes from; null for a default. */
  readonly from: string | null
}

/** The configuration that `aura serve` obeys; paths are absolute. */
export interface ServeSettings {
  readonly engine: 'embedded' | 'temporal'
  readonly temporal: {
    readonly address: string | null
    readonly namespace: string
    readonly taskQueue: string
    /** A duration; null for ever. */
    readonly payloadsFor: string | null
  }
  readonly redis: { readonly url: string | null; readonly prefix: string }
  readonly placement: {
    readonly shards: number
    readonly leaseMs: number
    readonly instance: string | null
  }
  readonly token: string | null
  readonly port: number
  readonly host: string
  readonly agents: readonly string[]
  readonly workflows: readonly string[]
  readonly flags: string | null
  readonly policy: string | null
  readonly retention: {
    /** Durations; null keeps for ever. */
    readonly finishedFor: string | null
    readonly finishedMax: number
    readonly deadLettersFor: string | null
  }
  readonly limits: { readonly activeExecutionsMax: number; readonly openExecutionsMax: number }
  readonly orchestrator: {
    readonly enabled: boolean
    readonly hierarchicalAbove: number
    readonly action: string
    readonly voteField: string
    readonly debounceMs: number
  }
  /** Budgets by tenant. */
  readonly tenants: { readonly [tenant: string]: Partial<BudgetLimit> }
  readonly logLevel: LogLevel
  /** The same, one by one, with where each comes from. */
  readonly list: readonly Setting[]
}

/**
 * The configuration in force: of each key what the command line says, else the environment, else the configuration
 * file (`--config`, AURA_CONFIG, or `aura.config.*` of the working folder), else the default. Nothing is merged: a
 * list replaces a list.
 *
 * @throws UsageError for a value of a wrong kind, or a file with problems
 */
export async function readSettings(
  context: CommandContext,
  options: ServeOptions = {},
): Promise<ServeSettings> {
  const { cwd, env } = context
  const file = options.config ?? nonEmpty(env.AURA_CONFIG) ?? ownConfigFile(cwd)
  const inFile: ConfigFileValues =
    file === null ? new Map<string, JsonValue>() : await readConfigFile(file, cwd)
  const list = configKeys.map((key): Setting => {
    const value = inFile.get(key.key)
    return (
      ofFlag(context, key, options) ??
      ofEnvironment(context, key) ??
      (value === undefined
        ? { key: key.key, value: key.defaultValue, source: 'default', from: null }
        : { key: key.key, value, source: 'file', from: file })
    )
  })
  const value = (key: string): JsonValue =>
    list.find((setting) => setting.key === key)?.value ?? null
  return {
    engine: value('engine') as ServeSettings['engine'],
    temporal: {
      address: value('temporal.address') as string | null,
      namespace: value('temporal.namespace') as string,
      taskQueue: value('temporal.taskQueue') as string,
      payloadsFor: value('temporal.payloadsFor') as string | null,
    },
    redis: {
      url: value('redis.url') as string | null,
      prefix: value('redis.prefix') as string,
    },
    placement: {
      shards: value('placement.shards') as number,
      leaseMs: parseDuration(value('placement.lease') as string) ?? 0,
      instance: value('placement.instance') as string | null,
    },
    token: value('token') as string | null,
    port: value('port') as number,
    host: value('host') as string,
    agents: value('agents') as readonly string[],
    workflows: value('workflows') as readonly string[],
    flags: value('flags') as string | null,
    policy: value('policy') as string | null,
    retention: {
      finishedFor: value('retention.finishedFor') as string | null,
      finishedMax: value('retention.finishedMax') as number,
      deadLettersFor: value('retention.deadLettersFor') as string | null,
    },
    limits: {
      activeExecutionsMax: value('limits.activeExecutionsMax') as number,
      openExecutionsMax: value('limits.openExecutionsMax') as number,
    },
    orchestrator: {
      enabled: value('orchestrator.enabled') as boolean,
      hierarchicalAbove: value('orchestrator.hierarchicalAbove') as number,
      action: value('orchestrator.action') as string,
      voteField: value('orchestrator.voteField') as string,
      debounceMs: parseDuration(value('orchestrator.debounce') as string) ?? 0,
    },
    tenants: value('tenants') as ServeSettings['tenants'],
    logLevel: value('logLevel') as LogLevel,
    list: [databaseSetting(context), ...list],
  }
}

/**
 * The context in which the settings of the file are obeyed like those of the environment, so that whatever reads a
 * variable finds what is in force.
 */
export function withSettings(
  context: CommandContext,
  { list }: Pick<ServeSettings, 'list'>,
): CommandContext {
  const fromFile = list.flatMap(({ key, value, source }): (readonly [string, string])[] => {
    const known = configKeys.find((one) => one.key === key)
    if (source !== 'file' || known === undefined || value === null) return []
    return [[known.env, typeof value === 'string' ? value : JSON.stringify(value)]]
  })
  return { ...context, env: { ...context.env, ...Object.fromEntries(fromFile) } }
}

function ofFlag(context: CommandContext, key: ConfigKey, options: ServeOptions): Setting | null {
  if (key.flag === null) return null
  const name = key.flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const given = options[name as keyof ServeOptions]
  if (given === undefined) return null
  return { ...checked(context, key, { given, from: key.flag }), source: 'flag', from: key.flag }
}

function ofEnvironment(context: CommandContext, key: ConfigKey): Setting | null {
  const given = nonEmpty(context.env[key.env])
  if (given === undefined) return null
  return { ...checked(context, key, { given, from: key.env }), source: 'env', from: key.env }
}

function checked(
  context: CommandContext,
  { key, kind, isSecret }: ConfigKey,
  { given, from }: { readonly given: string | readonly string[]; readonly from: string },
): Pick<Setting, 'key' | 'value'> {
  const read = typeof given === 'string' ? kind.fromText(given) : given
  if (!kind.isValid(read)) {
    const shown = isSecret ? '' : ` '${String(given)}'`
    throw new OrchestrationError('UsageError', `${from}${shown} is not valid`, {
      hint: `it takes ${kind.expected}`,
    })
  }
  return { key, value: kind.isPath === true ? absolutePaths(context.cwd, read) : read }
}

function databaseSetting(context: CommandContext): Setting {
  const { databasePath, placeArgument, temporal, env } = context
  const named = { key: 'db', value: databasePath }
  if (temporal === null && placeArgument !== '') return { ...named, source: 'flag', from: '--db' }
  return nonEmpty(env.AURA_DB) === undefined
    ? { ...named, source: 'default', from: null }
    : { ...named, source: 'env', from: 'AURA_DB' }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
