import { OrchestrationError } from '../../core/errors.ts'
import type { ServeSettings } from '../serve/settings.ts'

/** Where Temporal is, as flags say it. */
export interface TemporalFlags {
  readonly address?: string
  readonly namespace?: string
  readonly taskQueue?: string
}

/** @throws UsageError when neither flag, environment nor file says where Temporal is */
export function temporalPlace({ address, namespace, taskQueue }: ServeSettings['temporal']): {
  readonly address: string
  readonly namespace: string
  readonly taskQueue: string
} {
  if (address !== null) return { address, namespace, taskQueue }
  throw new OrchestrationError('UsageError', 'nothing says where Temporal is', {
    hint: 'give --address host:7233, or set TEMPORAL_ADDRESS',
  })
}
