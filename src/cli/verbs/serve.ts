import type { CommandContext } from '../command-context.ts'
import { requireEmbedded } from '../engine-name.ts'
import { serveFile } from '../serve/serve-process.ts'
import { readSettings } from '../serve/settings.ts'
import type { ServeOptions } from '../serve/settings.ts'

/** `aura serve`: the owner process with API, triggers and recovery, until a signal. */
export async function serve(context: CommandContext, options: ServeOptions): Promise<number> {
  requireEmbedded(options.engine)
  return serveFile(context, readSettings(context, options))
}
