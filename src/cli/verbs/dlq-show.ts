import { openLook } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { deadLetterOf } from '../dead-letters.ts'
import { exitCodes } from '../exit-code.ts'
import { shellCommand } from '../shell-quote.ts'
import { durationText, momentText, timeOfDayText } from '../terminal/duration-text.ts'
import { plainText } from '../terminal/width.ts'

/** Lines of the error log that are shown. */
const errorsMax = 10

/** `aura dlq show ID`: a dead letter with what led to it, and what can be done. */
export async function dlqShow(context: CommandContext, id: string): Promise<number> {
  const letter = deadLetterOf(context, id)
  const look = openLook(context.databasePath)
  try {
    const { workflow, version, status, errorLog } = look.show(letter.executionId)
    const { executionId, stepId, error, atMs } = letter
    if (context.isJson) {
      context.json({ id, executionId, stepId, error, atMs, workflow, version, status, errorLog })
      return exitCodes.done
    }
    const paint = context.paintOut
    const age = durationText(context.clock.nowMs() - atMs)
    const { commandName, databaseArgument } = context
    const command = (...words: string[]): string =>
      `  ${shellCommand([commandName, ...words])}${databaseArgument}`
    context.say(
      [
        `${paint.red('✘')} ${paint.bold(id)}  ${paint.dim(`${workflow} ${version}, ${status}`)}`,
        paint.dim(`${stepId === null ? '' : `step ${stepId}, `}since ${momentText(atMs)}, ${age}`),
        '',
        paint.red(plainText(`${error.code}: ${error.message}`)),
        ...(error.hint === null ? [] : [`${paint.cyan('hint:')} ${plainText(error.hint)}`]),
        '',
        paint.bold('errors'),
        ...errorLog
          .slice(-errorsMax)
          .map((one) =>
            plainText(
              `${timeOfDayText(one.atMs)}  ${one.stepId ?? 'execution'}${one.attempt === null ? '' : ` attempt ${one.attempt}`}  ${one.code}: ${one.message}`,
            ),
          ),
        '',
        paint.dim('next'),
        `${command('dlq', 'redrive', id)}  ${paint.dim('# go on where it failed')}`,
        `${command('dlq', 'discard', id)}  ${paint.dim('# leave it failed')}`,
        command('show', executionId),
      ].join('\n'),
    )
    return exitCodes.done
  } finally {
    look.close()
  }
}
