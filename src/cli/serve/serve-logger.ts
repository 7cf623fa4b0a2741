import type { Logger } from '../../core/logger.ts'
import { createLogger } from '../../observability/index.ts'
import type { CommandContext } from '../command-context.ts'
import type { ServeSettings } from './settings.ts'

/** What `aura serve` logs, on standard error. */
export function loggerOf(
  { stderr, clock }: CommandContext,
  { logLevel }: Pick<ServeSettings, 'logLevel'>,
): Logger {
  const stream = { write: (text: string) => stderr.write(text), isTTY: stderr.isTTY === true }
  return createLogger({ level: logLevel, stream, clock })
}
