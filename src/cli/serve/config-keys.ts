import { readBudgetLimit } from '../../agents/index.ts'
import { parseDuration } from '../../core/duration.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { defaultLeaseMs, defaultShards, shardsMax } from '../../placement/index.ts'

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
  /** True where the value, or the password in its URL, is not to be printed. */
  readonly isSecret?: boolean
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

function textKey(
  key: string,
  what: string,
  more: Pick<ConfigKey, 'env' | 'expected'> & Partial<ConfigKey>,
): ConfigKey {
  const isValid = (value: JsonValue): boolean => value === null || isText(value)
  return { ...base, key, what, defaultValue: null, isValid, ...more }
}

/** Where the servers are that several machines share. Each variable is obeyed by every verb. */
const serviceKeys: readonly ConfigKey[] = [
  textKey('temporal.address', 'where Temporal is', {
    flag: '--address',
    env: 'TEMPORAL_ADDRESS',
    expected: 'host:port',
  }),
  textKey('temporal.namespace', 'namespace of Temporal', {
    flag: '--namespace',
    env: 'TEMPORAL_NAMESPACE',
    defaultValue: 'default',
    expected: 'the name of a namespace',
  }),
  textKey('temporal.taskQueue', 'task queue of Temporal, or what those of the shards begin with', {
    flag: '--task-queue',
    env: 'AURA_TASK_QUEUE',
    defaultValue: 'aura',
    expected: 'the name of a task queue',
  }),
  textKey('redis.url', 'what several processes share; null for nothing', {
    env: 'REDIS_URL',
    expected: 'redis://host:port, or rediss:// for TLS',
    isSecret: true,
  }),
  textKey('redis.prefix', 'what every key in Redis begins with', {
    env: 'AURA_REDIS_PREFIX',
    defaultValue: 'aura:',
    expected: 'a text',
  }),
  textKey(
    'kafka.brokers',
    'brokers of the mesh, parted by commas; null for a mesh in the process',
    {
      env: 'KAFKA_BROKERS',
      expected: 'host:port, several parted by commas',
    },
  ),
  textKey('kafka.group', 'processes with the same workflows share it', {
    env: 'AURA_KAFKA_GROUP',
    defaultValue: 'triggers',
    expected: 'the name of a consumer group',
  }),
]

/** How several instances share the work on Temporal. */
const placementKeys: readonly ConfigKey[] = [
  {
    ...base,
    key: 'placement.shards',
    what: 'task queues over which executions are spread; the same for all instances',
    env: 'AURA_SHARDS',
    defaultValue: defaultShards,
    expected: `a whole number from 1 to ${shardsMax}`,
    isValid: (value) => isCount(value) && (value as number) <= shardsMax,
    fromText: numberOf,
  },
  {
    ...base,
    key: 'placement.lease',
    what: 'how long an instance that says nothing keeps its shards',
    env: 'AURA_LEASE',
    defaultValue: `${defaultLeaseMs}ms`,
    expected: 'a duration from 1s to 1h',
    isValid: (value) => {
      const ms = typeof value === 'string' ? parseDuration(value) : undefined
      return ms !== undefined && ms >= 1_000 && ms <= 3_600_000
    },
  },
  textKey('placement.instance', 'names this process among the others; null for its host', {
    env: 'AURA_INSTANCE',
    expected: 'letters, digits and . _ -, at most 100',
    isValid: (value) =>
      value === null || (typeof value === 'string' && /^[\w.-]{1,100}$/.test(value)),
  }),
]

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
    key: 'engine',
    what: 'who drives executions',
    flag: '--engine',
    env: 'AURA_ENGINE',
    defaultValue: 'embedded',
    expected: 'embedded or temporal',
    isValid: (value) => value === 'embedded' || value === 'temporal',
  },
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
  ...serviceKeys,
  ...placementKeys,
  textKey('token', 'secret that requests carry as a bearer token; null for a new one each time', {
    env: 'AURA_TOKEN',
    expected: 'a text of at least 16 characters',
    isValid: (value) => value === null || (typeof value === 'string' && value.length >= 16),
    isSecret: true,
  }),
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
