import { OrchestrationError } from '../../core/errors.ts'
import type { ServeSettings } from '../serve/settings.ts'

/** What only the embedded engine obeys: a key, or what keys begin with. */
const embeddedOnly = ['policy', 'tenants', 'retention.', 'limits.', 'orchestrator.']

/** @throws RefusedError for settings that would have no effect on Temporal: nobody is to believe in a bound that is not there */
export function refuseEmbeddedSettings({ list }: Pick<ServeSettings, 'list'>): void {
  const found = list
    .filter(({ source }) => source !== 'default')
    .filter(({ key }) => embeddedOnly.some((one) => key.startsWith(one)))
    .map(({ key, from }) => `${key} (${from})`)
  if (found.length === 0) return
  throw new OrchestrationError(
    'RefusedError',
    `the Temporal engine does not obey ${found.join(', ')}`,
    { hint: 'take it out, or serve with the embedded engine' },
  )
}
