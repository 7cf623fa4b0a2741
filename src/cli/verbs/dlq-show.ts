import { queueLetterPlace } from '../../core/contracts/queue-letter.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { queueLetter } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { deadLetterOf } from '../dead-letters.ts'
import { executionView } from '../execution-view.ts'
import { exitCodes } from '../exit-code.ts'
import { openJournal } from '../journal-file.ts'
import { shellCommand } from '../shell-quote.ts'
import { durationText, momentText, timeOfDayText } from '../terminal/duration-text.ts'
import { plainText } from '../terminal/width.ts'

/** Lines of the error log that are shown. */
const errorsMax = 10

/** `aura dlq show ID`: a dead letter with what led to it, and what can be done. */
export async function dlqShow(context: CommandContext, id: string): Promise<number> {
  const letter = await deadLetterOf(context, id)
  if (letter.executionId === null) return showQueued(context, id)
  const { executionId } = letter
  const { view } = await executionView(context, executionId)
  const { workflow, version, status, errorLog } = view
  const { stepId, error, atMs } = letter
  if (context.isJson) {
    context.json({ id, executionId, stepId, error, atMs, workflow, version, status, errorLog })
    return exitCodes.done
  }
  const paint = context.paintOut
  const age = durationText(context.clock.nowMs() - atMs)
  const { commandName, placeArgument } = context
  const command = (...words: string[]): string =>
    `  ${shellCommand([commandName, ...words])}${placeArgument}`
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
}

/** One of a work queue: with its event, which nobody has handled. */
function showQueued(context: CommandContext, id: string): number {
  const place = queueLetterPlace(id)
  using opened = openJournal(context.databasePath)
  const letter = place === null ? undefined : queueLetter(opened.reader, place)
  if (letter === undefined)
    throw new OrchestrationError('NotFoundError', `there is no open dead letter '${id}' any more`)
  const { queue, deliveries, error, atMs, event } = letter
  if (context.isJson) {
    context.json({ id, executionId: null, stepId: null, error, atMs, queue, deliveries, event })
    return exitCodes.done
  }
  const paint = context.paintOut
  const { commandName, placeArgument } = context
  const command = (act: string): string =>
    `  ${shellCommand([commandName, 'dlq', act, id])}${placeArgument}`
  const age = durationText(context.clock.nowMs() - atMs)
  const times = deliveries === 1 ? 'once' : `${deliveries} times`
  context.say(
    [
      `${paint.red('✘')} ${paint.bold(plainText(id))}  ${paint.dim(`an event of the work queue ${plainText(queue)}, delivered ${times}`)}`,
      paint.dim(`since ${momentText(atMs)}, ${age}`),
      '',
      paint.red(plainText(`${error.code}: ${error.message}`)),
      ...(error.hint === null ? [] : [`${paint.cyan('hint:')} ${plainText(error.hint)}`]),
      '',
      paint.bold('event'),
      event === null ? 'it can no longer be read' : plainText(JSON.stringify(event)),
      '',
      paint.dim('next'),
      `${command('redrive')}  ${paint.dim('# its queue delivers it again')}`,
      `${command('discard')}  ${paint.dim('# it is removed')}`,
    ].join('\n'),
  )
  return exitCodes.done
}
