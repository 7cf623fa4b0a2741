import { OrchestrationError } from '../../core/errors.ts'
import type { ServeSettings } from '../serve/settings.ts'

/** What only the embedded engine obeys: a key, or what keys begin with. */
const embeddedOnly = ['policy', 'retention.', 'limits.', 'orchestrator.']

type Settings = Pick<ServeSettings, 'list' | 'redis'>

/** @throws RefusedError for settings that would have no effect on Temporal: nobody is to believe in a bound that is not there */
export function refuseEmbeddedSettings(settings: Settings): void {
  refuseUnkept(settings)
  refuse(settings, embeddedOnly, 'take it out, or serve with the embedded engine')
}

/** @throws RefusedError for budgets that nothing keeps for all workers */
export function refuseUnkept(settings: Settings): void {
  if (settings.redis.url === null)
    refuse(settings, ['tenants'], 'set REDIS_URL, where the workers keep them, or take it out')
}

function refuse({ list }: Settings, keys: readonly string[], hint: string): void {
  const found = list
    .filter(({ source }) => source !== 'default')
    .filter(({ key }) => keys.some((one) => key.startsWith(one)))
    .map(({ key, from }) => `${key} (${from})`)
  if (found.length === 0) return
  const message = `the Temporal engine does not obey ${found.join(', ')}`
  throw new OrchestrationError('RefusedError', message, { hint })
}
