import { readBudgetLimit } from '../../agents/index.ts'
import { parseDuration } from '../../core/duration.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'

/** Where a value in force comes from. */
export type SettingSource = 'flag' | 'env' | 'file' | 'default'

/** One key of the configuration: what it accepts, and where it may be set. */
export interface ConfigKey {
  /** As in `--config`'s file; a dot goes one map down. */
  readonly key: string
  readonly what: string
  /** Null when it has none. */
  readonly flag: string | null
  readonly env: string | null
  readonly isInFile: boolean
  readonly defaultValue: JsonValue
  /** What the value must be, in words, for a refusal. */
  readonly expected: string
  isValid(value: JsonValue): boolean
  /** How a text of the environment is read; absent: as it is. */
  fromText?(text: string): JsonValue
  /** True for paths and lists of paths, which start from the folder of whoever named them. */
  readonly isPath: boolean
}

const base = { flag: null, env: null, isInFile: true, isPath: false }
const isText = (value: JsonValue): boolean => typeof value === 'string' && value !== ''
const isTexts = (value: JsonValue): boolean =>
  Array.isArray(value) && value.every((item) => isText(item as JsonValue))
const isCount = (value: JsonValue): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
const isPort = (value: JsonValue): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535
const isSpan = (value: JsonValue): boolean =>
  value === null || (typeof value === 'string' && parseDuration(value) !== undefined)

function areBudgets(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false
  try {
    for (const [tenant, limit] of Object.entries(value)) readBudgetLimit(limit, tenant)
    return true
  } catch {
    return false // what is expected is said with the key
  }
}

function numberOf(text: string): JsonValue {
  return /^\d+$/.test(text) ? Number(text) : text
}

function countKey(key: string, what: string, defaultValue: number): ConfigKey {
  const expected = 'a whole number of at least 1'
  return { ...base, key, what, defaultValue, expected, isValid: isCount }
}

function spanKey(key: string, what: string, defaultValue: string): ConfigKey {
  const expected = 'a duration such as 30d, or null to keep for ever'
  return { ...base, key, what, defaultValue, expected, isValid: isSpan }
}

/** How semantic events are orchestrated. */
const orchestratorKeys: readonly ConfigKey[] = [
  {
    ...base,
    key: 'orchestrator.enabled',
    what: 'semantic events and anomalies are orchestrated',
    defaultValue: false,
    expected: 'true or false',
    isValid: (value) => typeof value === 'boolean',
  },
  {
    ...base,
    key: 'orchestrator.hierarchicalAbove',
    what: 'complexity over which work is coordinated hierarchically',
    defaultValue: 0.8,
    expected: 'a number from 0 to 1',
    isValid: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  {
    ...base,
    key: 'orchestrator.action',
    what: 'what is called of agents where an event names no action',
    defaultValue: 'decide',
    expected: 'the name of an action',
    isValid: isText,
  },
  {
    ...base,
    key: 'orchestrator.voteField',
    what: 'where an answer to it has its vote',
    defaultValue: 'severity',
    expected: 'the name of a field',
    isValid: isText,
  },
  {
    ...base,
    key: 'orchestrator.debounce',
    what: 'how long a burst about the same thing must be quiet before it is handled',
    defaultValue: '0ms',
    expected: 'a duration such as 500ms',
    isValid: (value) => typeof value === 'string' && parseDuration(value) !== undefined,
  },
]

/** Every key that `aura serve` obeys and `aura config` prints, in this order. */
export const configKeys: readonly ConfigKey[] = [
  {
    ...base,
    key: 'port',
    what: 'port of the API; 0 takes a free one',
    flag: '--port',
    env: 'AURA_PORT',
    defaultValue: 8_080,
    expected: 'a port, 0 to 65535',
    isValid: isPort,
    fromText: numberOf,
  },
  {
    ...base,
    key: 'host',
    what: 'address that the API listens on',
    flag: '--host',
    env: 'AURA_HOST',
    defaultValue: '127.0.0.1',
    expected: 'a host name or an IP address',
    isValid: isText,
  },
  {
    ...base,
    key: 'agents',
    what: 'modules with agents',
    flag: '--agents',
    defaultValue: [],
    expected: 'a list of paths',
    isValid: isTexts,
    isPath: true,
  },
  {
    ...base,
    key: 'workflows',
    what: 'documents, or folders of them, that are registered',
    flag: '--workflows',
    defaultValue: [],
    expected: 'a list of paths',
    isValid: isTexts,
    isPath: true,
  },
  {
    ...base,
    key: 'flags',
    what: 'file with feature flags',
    env: 'AURA_FLAGS',
    defaultValue: null,
    expected: 'a path',
    isValid: (value) => value === null || isText(value),
    isPath: true,
  },
  {
    ...base,
    key: 'policy',
    what: 'file with the policy in force',
    flag: '--policy',
    env: 'AURA_POLICY',
    defaultValue: null,
    expected: 'a path',
    isValid: (value) => value === null || isText(value),
    isPath: true,
  },
  spanKey('retention.finishedFor', 'how long ended executions are kept', '30d'),
  countKey('retention.finishedMax', 'how many ended executions are kept', 1_000_000),
  spanKey('retention.deadLettersFor', 'how long those with an open dead letter are kept', '90d'),
  countKey(
    'limits.activeExecutionsMax',
    'executions in memory at a time',
    limits.activeExecutionsMax,
  ),
  ...orchestratorKeys,
  {
    ...base,
    key: 'tenants',
    what: 'budgets by metadata.tenant of a document; * for every other tenant',
    defaultValue: {},
    expected: 'a map of budgets, each with calls, tokens, costUsd and per',
    isValid: areBudgets,
  },
  countKey('limits.openExecutionsMax', 'executions that have not ended', limits.openExecutionsMax),
  {
    ...base,
    key: 'logLevel',
    what: 'what is logged: debug, info, warn or error',
    env: 'AURA_LOG_LEVEL',
    isInFile: false,
    defaultValue: 'info',
    expected: 'debug, info, warn or error',
    isValid: (value) => ['debug', 'info', 'warn', 'error'].includes(value as string),
  },
]
