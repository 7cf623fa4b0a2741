import { OrchestrationError } from '../../core/errors.ts'

/** Where a Redis is. */
export interface RedisAddress {
  /** `redis://` or, with TLS, `rediss://`; user, password and number of the database as the client takes them. */
  readonly url: string
  /** For messages: without user and password. */
  readonly shown: string
}

/**
 * Reads `REDIS_URL`: `redis[s]://[[user]:password@]host[:port][/database]`, or `host:port` without a scheme.
 *
 * @throws UsageError that says what is wrong with it; a password is never in the message
 */
export function redisAddress(text: string): RedisAddress {
  const trimmed = text.trim()
  const url = URL.parse(trimmed.includes('://') ? trimmed : `redis://${trimmed}`)
  if (url === null || url.hostname === '') throw badAddress('it is no URL and no host:port')
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw badAddress(`its scheme is '${url.protocol.slice(0, -1)}'`)
  if (!/^(\/\d{0,4})?$/.test(url.pathname))
    throw badAddress('after the host may come only a number')
  if (url.port === '') url.port = '6379'
  return { url: url.href, shown: `${url.protocol}//${url.host}${url.pathname}` }
}

function badAddress(why: string): OrchestrationError {
  return new OrchestrationError('UsageError', `REDIS_URL names no Redis: ${why}`, {
    hint: 'write redis://host:6379, rediss://user:password@host:6379/0 or host:6379',
  })
}
