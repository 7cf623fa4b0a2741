import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { defaultLeaseMs, defaultShards, shardsMax } from '../../placement/index.ts'
import {
  budgets,
  count,
  duration,
  keptFor,
  oneOf,
  optionalText,
  path,
  paths,
  ratio,
  text,
  type ValueKind,
  wholeNumber,
  yesOrNo,
} from './value-kinds.ts'

/** Where a value in force comes from. */
export type SettingSource = 'flag' | 'env' | 'file' | 'default'

/** One setting: what it means and accepts, and where it may be set. */
export interface ConfigKey {
  /** As in the configuration file; a dot goes one map down. */
  readonly key: string
  readonly what: string
  readonly kind: ValueKind
  readonly env: string
  /** Null when it has none. */
  readonly flag: string | null
  readonly defaultValue: JsonValue
  /** Never printed: of an address its password, of anything else all of it. */
  readonly isSecret: boolean
}

type More = Partial<Pick<ConfigKey, 'flag' | 'env' | 'defaultValue' | 'isSecret'>>

/** @param more default: no flag, null as the default, and a variable named for the key: `AURA_RETENTION_FINISHED_FOR` */
function setting(key: string, what: string, more: More & { readonly kind: ValueKind }): ConfigKey {
  return {
    key,
    what,
    flag: null,
    env: variableOf(key),
    defaultValue: null,
    isSecret: false,
    ...more,
  }
}

function variableOf(key: string): string {
  const words = key.replaceAll('.', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
  return `AURA_${words.toUpperCase()}`
}

const port = wholeNumber(0, 65_535, 'a port, 0 to 65535')
const shardCount = wholeNumber(1, shardsMax, `a whole number from 1 to ${shardsMax}`)

/** Every setting, in the order in which `aura config` prints them; docs/configuration.md is made of them. */
export const configKeys: readonly ConfigKey[] = [
  setting('engine', 'who drives executions', {
    kind: oneOf('embedded', 'temporal'),
    flag: '--engine',
    defaultValue: 'embedded',
  }),
  setting('port', 'port of the API; 0 takes a free one', {
    kind: port,
    flag: '--port',
    defaultValue: 8_080,
  }),
  setting('host', 'address that the API listens on', {
    kind: text('a host name or an IP address'),
    flag: '--host',
    defaultValue: '127.0.0.1',
  }),
  setting('token', 'secret that requests carry as a bearer token; null for a new one each time', {
    kind: optionalText('a text of 16 characters or more', /^.{16,}$/),
    isSecret: true,
  }),
  setting('agents', 'modules with agents', { kind: paths, flag: '--agents', defaultValue: [] }),
  setting('workflows', 'documents, or folders of them, that are registered', {
    kind: paths,
    flag: '--workflows',
    defaultValue: [],
  }),
  setting('flags', 'file with feature flags', { kind: path }),
  setting('policy', 'file with the policy in force', { kind: path, flag: '--policy' }),
  setting('retention.finishedFor', 'how long ended executions are kept', {
    kind: keptFor,
    defaultValue: '30d',
  }),
  setting('retention.finishedMax', 'how many ended executions are kept', {
    kind: count,
    defaultValue: 1_000_000,
  }),
  setting('retention.deadLettersFor', 'how long those with an open dead letter are kept', {
    kind: keptFor,
    defaultValue: '90d',
  }),
  setting('limits.activeExecutionsMax', 'executions in memory at a time', {
    kind: count,
    defaultValue: limits.activeExecutionsMax,
  }),
  setting('limits.openExecutionsMax', 'executions that have not ended', {
    kind: count,
    defaultValue: limits.openExecutionsMax,
  }),
  setting('orchestrator.enabled', 'semantic events and anomalies are orchestrated', {
    kind: yesOrNo,
    defaultValue: false,
  }),
  setting('orchestrator.hierarchicalAbove', 'complexity over which work is done hierarchically', {
    kind: ratio,
    defaultValue: 0.8,
  }),
  setting('orchestrator.action', 'what is called of agents where an event names no action', {
    kind: text('the name of an action'),
    defaultValue: 'decide',
  }),
  setting('orchestrator.voteField', 'where an answer to it has its vote', {
    kind: text('the name of a field'),
    defaultValue: 'severity',
  }),
  setting('orchestrator.debounce', 'how long a burst about the same thing must be quiet', {
    kind: duration('a duration such as 500ms'),
    defaultValue: '0ms',
  }),
  setting('tenants', 'budgets by metadata.tenant of a document; * for every other tenant', {
    kind: budgets,
    defaultValue: {},
  }),
  setting('temporal.address', 'where Temporal is', {
    kind: optionalText('host:port'),
    flag: '--address',
    env: 'TEMPORAL_ADDRESS',
  }),
  setting('temporal.namespace', 'namespace of Temporal', {
    kind: text('the name of a namespace'),
    flag: '--namespace',
    env: 'TEMPORAL_NAMESPACE',
    defaultValue: 'default',
  }),
  setting('temporal.taskQueue', 'task queue, or what those of the shards begin with', {
    kind: text('the name of a task queue'),
    flag: '--task-queue',
    env: 'AURA_TASK_QUEUE',
    defaultValue: 'aura',
  }),
  setting('temporal.payloadsFor', 'how long Redis keeps payloads of 32 KiB and more', {
    kind: keptFor,
    defaultValue: '365d',
  }),
  setting('redis.url', 'where Redis is, for what several processes share', {
    kind: optionalText('redis://host:port, or rediss:// for TLS'),
    env: 'REDIS_URL',
    isSecret: true,
  }),
  setting('redis.prefix', 'what every key in Redis begins with', {
    kind: text('a text'),
    defaultValue: 'aura:',
  }),
  setting('kafka.brokers', 'brokers of the mesh; null for a mesh inside the process', {
    kind: optionalText('host:port, several parted by commas'),
    env: 'KAFKA_BROKERS',
  }),
  setting('kafka.group', 'consumer group of processes with the same workflows', {
    kind: text('the name of a consumer group'),
    defaultValue: 'triggers',
  }),
  setting('placement.shards', 'task queues over which executions are spread', {
    kind: shardCount,
    env: 'AURA_SHARDS',
    defaultValue: defaultShards,
  }),
  setting('placement.lease', 'how long an instance that says nothing keeps its shards', {
    kind: duration('a duration from 1s to 1h', 1_000, 3_600_000),
    env: 'AURA_LEASE',
    defaultValue: `${defaultLeaseMs}ms`,
  }),
  setting('placement.instance', 'names this process among the others; null for its host', {
    kind: optionalText('letters, digits and . _ -, at most 100', /^[\w.-]{1,100}$/),
    env: 'AURA_INSTANCE',
  }),
  setting('logLevel', 'what is logged', {
    kind: oneOf('debug', 'info', 'warn', 'error'),
    defaultValue: 'info',
  }),
]
