import {
  isOrchestrationError,
  messageOf,
  OrchestrationError,
  ResourceExhaustionError,
} from '../../core/errors.ts'

interface Meaning {
  /** In what the server or the client says. */
  readonly says: RegExp
  readonly means: string
  readonly hint: string
  /** Whether trying again may help by itself. */
  readonly isPassing?: true
}

const meanings: readonly Meaning[] = [
  {
    says: /^(WRONGPASS|NOAUTH|NOPERM)|AUTH.*without any password|invalid.*password/i,
    means: 'it refuses the user or the password',
    hint: 'put them into the URL: redis://user:password@host:6379',
  },
  {
    says: /unknown command.*HELLO|NOPROTO/i,
    means: 'it is older than Redis 6',
    hint: 'use Redis 7.0 or newer',
  },
  {
    says: /ENOTFOUND|EAI_AGAIN/,
    means: 'there is no such host',
    hint: 'check the name in REDIS_URL',
  },
  {
    says: /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/,
    means: 'nothing listens there',
    hint: 'start it (in a checkout: npm run services:up redis) or correct REDIS_URL',
    isPassing: true,
  },
  {
    says: /protocol error|SSL|wrong version number|EPROTO/i,
    means: 'what listens there does not speak the protocol of Redis',
    hint: 'check host and port; a Redis with TLS needs rediss://',
  },
  {
    says: /^READONLY/,
    means: 'it is a replica, or became one',
    hint: 'point REDIS_URL at the primary',
    isPassing: true,
  },
  {
    says: /^(MISCONF|LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|TRYAGAIN)/,
    means: 'it does not accept work now',
    hint: 'its log says why',
    isPassing: true,
  },
]

/**
 * One readable error for whatever the client or the server says: what, where, what to do. Errors of a connection
 * are retryable; whether a change happened is then unknown.
 *
 * @param shown the address without its password
 */
export function redisError(thrown: unknown, shown: string): OrchestrationError {
  if (isOrchestrationError(thrown)) return thrown
  const said = saidBy(thrown)
  if (said.startsWith('OOM '))
    return new ResourceExhaustionError(
      `Redis at ${shown} is full (maxmemory): nothing was written`,
      {
        retryable: true,
        hint: 'raise maxmemory, or let finished workflows expire sooner',
        cause: thrown,
      },
    )
  const known = meanings.find(({ says }) => says.test(said))
  const { means = said, hint = 'repeat it: whether it happened is not known' } = known ?? {}
  return new OrchestrationError('StorageError', `Redis at ${shown}: ${means}`, {
    retryable: known === undefined || known.isPassing === true,
    hint,
    details: { address: shown, said },
    cause: thrown,
  })
}

/** What it says; of an attempt with several addresses the first. */
function saidBy(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return saidBy(thrown.errors[0])
  const code = (thrown as { readonly code?: unknown } | null)?.code
  const message = messageOf(thrown)
  return typeof code === 'string' && !message.includes(code) ? `${code} ${message}` : message
}
