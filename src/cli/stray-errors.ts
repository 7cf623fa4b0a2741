import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { exitCodes } from './exit-code.ts'

/**
 * Keeps one agent's forgotten promise from ending the process and everybody's work: it is logged. An
 * exception that nobody caught may have left anything half done, so the process ends; what is recorded
 * can be continued.
 */
export function catchStrayErrors(logger: Logger): { stopListening(): void } {
  const onRejection = (reason: unknown): void => {
    logger.log('warn', 'a promise was rejected and nobody handled it', { error: messageOf(reason) })
  }
  const onException = (thrown: Error): void => {
    logger.log('error', 'an exception was thrown and nobody caught it; the process ends here', {
      error: messageOf(thrown),
      stack: thrown.stack ?? null,
    })
    process.exit(exitCodes.failed)
  }
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  return {
    stopListening() {
      process.off('unhandledRejection', onRejection)
      process.off('uncaughtException', onException)
    },
  }
}
