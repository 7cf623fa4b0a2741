import { OrchestrationError } from '../../core/errors.ts'
import type { CommandContext } from '../command-context.ts'

/** The task queue that nobody has named. */
export const defaultTaskQueue = 'aura'

/** Where Temporal is, as flags say it; each has an environment variable behind it. */
export interface TemporalFlags {
  readonly address?: string
  readonly namespace?: string
  readonly taskQueue?: string
}

/** @throws UsageError when neither `--address` nor TEMPORAL_ADDRESS says where Temporal is */
export function temporalPlace(
  { env }: CommandContext,
  { address, namespace, taskQueue }: TemporalFlags,
): { readonly address: string; readonly namespace: string; readonly taskQueue: string } {
  const where = address ?? env['TEMPORAL_ADDRESS'] ?? ''
  if (where === '') {
    throw new OrchestrationError('UsageError', 'nothing says where Temporal is', {
      hint: 'give --address host:7233, or set TEMPORAL_ADDRESS',
    })
  }
  return {
    address: where,
    namespace: namespace ?? (env['TEMPORAL_NAMESPACE'] || 'default'),
    taskQueue: taskQueue ?? defaultTaskQueue,
  }
}
