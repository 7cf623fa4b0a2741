import { messageOf } from '../../core/errors.ts'
import { ownPlace } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { loggerOf } from '../serve/serve-logger.ts'
import type { ServeSettings } from '../serve/settings.ts'
import { catchStrayErrors } from '../stray-errors.ts'
import { reportInstance } from './report-instance.ts'
import { openInstance } from './served-instance.ts'

/**
 * `aura serve --engine temporal`: API and workers of one instance, until a signal. With Redis several instances share
 * the work by shards; each of them answers every verb for every execution.
 */
export async function serveOnTemporal(
  context: CommandContext,
  settings: ServeSettings,
): Promise<number> {
  const interruption = listenForInterruption(({ code }) => {
    context.note('stopped at once; what ran goes on at another instance, or at the next one')
    context.processEnd.now(code)
  })
  const logger = loggerOf(context, settings)
  const place = ownPlace(context.databasePath)
  const stray = catchStrayErrors(logger, context.processEnd, (thrown) =>
    context.note(`${messageOf(thrown)}; what is open goes on at another instance`),
  )
  try {
    const instance = await openInstance(context, settings, logger)
    try {
      const { localPort: port, token } = instance
      const startedAtMs = context.clock.nowMs()
      place.publish({ pid: process.pid, port, token, kind: 'serve', startedAtMs })
      reportInstance(context, settings, instance)
      const { signal, code } = await interruption.requested
      logger.log('info', 'going down: others go on with what is open', { signal })
      return signal === 'SIGTERM' ? exitCodes.done : code
    } finally {
      await instance.close()
      logger.log('info', 'closed', {})
    }
  } finally {
    place.release()
    stray.stopListening()
    interruption.stopListening()
  }
}
