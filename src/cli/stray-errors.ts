import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { exitCodes } from './exit-code.ts'
import type { ProcessEnd } from './process-end.ts'

/**
 * Keeps one agent's forgotten promise from ending the process and everybody's work: it is logged. An
 * exception that nobody caught may have left anything half done, so the process ends; what is recorded
 * can be continued.
 *
 * @param onFatal tells the caller's reader, just before the process ends with exit code 2
 */
export function catchStrayErrors(
  logger: Logger,
  processEnd: ProcessEnd,
  onFatal: (thrown: Error) => void,
): { stopListening(): void } {
  const onRejection = (reason: unknown): void => {
    logger.log('error', 'a promise was rejected and nobody handled it', {
      error: messageOf(reason),
    })
  }
  const onException = (thrown: Error): void => {
    logger.log('error', 'an exception was thrown and nobody caught it; the process ends here', {
      error: messageOf(thrown),
      stack: thrown.stack ?? null,
    })
    onFatal(thrown)
    processEnd.now(exitCodes.refused)
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
