import type { CommandContext } from '../command-context.ts'
import { readSettings, withSettings } from '../serve/settings.ts'
import type { ServeOptions } from '../serve/settings.ts'

/** `aura serve`: the owner process with API, triggers and recovery, until a signal. */
export async function serve(given: CommandContext, options: ServeOptions): Promise<number> {
  const settings = await readSettings(given, options)
  const context = withSettings(given, settings)
  if (settings.engine === 'temporal')
    return (await import('../temporal/serve-on-temporal.ts')).serveOnTemporal(context, settings)
  return (await import('../serve/serve-process.ts')).serveFile(context, settings)
}
