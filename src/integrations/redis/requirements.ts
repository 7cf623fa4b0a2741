import { OrchestrationError } from '../../core/errors.ts'

/** What Redis says about itself. */
export interface RedisFacts {
  readonly version: string
  readonly isCluster: boolean
  readonly isPrimary: boolean
  readonly isAppendOnly: boolean
  /** What it does when it is full. */
  readonly maxmemoryPolicy: string
}

const versionMin = 7

/** Reads the answer of INFO. @throws StorageError when it is none of Redis */
export function redisFacts(info: string, shown: string): RedisFacts {
  const facts = new Map(
    info.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    }),
  )
  const version = facts.get('redis_version')
  if (version === undefined)
    throw new OrchestrationError('StorageError', `what listens at ${shown} is no Redis`, {
      hint: 'check host and port in REDIS_URL',
    })
  return {
    version,
    isCluster: facts.get('redis_mode') === 'cluster',
    isPrimary: facts.get('role') !== 'slave',
    isAppendOnly: facts.get('aof_enabled') === '1',
    maxmemoryPolicy: facts.get('maxmemory_policy') ?? 'unknown',
  }
}

/**
 * Refuses a Redis that would lose what it acknowledged, or throw it away when it is full.
 *
 * @throws StorageError that names the setting and says how to change it
 */
export function checkRequirements(facts: RedisFacts, shown: string): void {
  const where = `Redis ${facts.version} at ${shown}`
  if (!(Number(facts.version.split('.')[0]) >= versionMin))
    throw refused(`${where} is too old`, `use Redis ${versionMin}.0 or newer`)
  if (!facts.isPrimary) throw refused(`${where} is a replica`, 'point REDIS_URL at the primary')
  if (!facts.isAppendOnly)
    throw refused(
      `${where} keeps its data in memory alone (appendonly no): what it acknowledged is gone when it ends`,
      'start it with appendonly yes, or: redis-cli config set appendonly yes && redis-cli config rewrite',
    )
  if (facts.maxmemoryPolicy !== 'noeviction')
    throw refused(
      `${where} throws state away when it is full (maxmemory-policy ${facts.maxmemoryPolicy})`,
      'start it with maxmemory-policy noeviction, or: redis-cli config set maxmemory-policy noeviction',
    )
}

function refused(message: string, hint: string): OrchestrationError {
  return new OrchestrationError('StorageError', message, { hint })
}
