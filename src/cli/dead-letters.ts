import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { nearestHint } from '../core/nearest.ts'
import type { DeadLetterView } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'
import { openJournal } from './journal-file.ts'

/** Dead letters that one verb looks at. */
const deadLettersMax = 100_000

/** Open dead letters, oldest first; a file that is not there has none. Needs no ownership. */
export function deadLettersOf(
  context: CommandContext,
  filter: { readonly workflow?: string },
): readonly DeadLetterView[] {
  try {
    using opened = openJournal(context.databasePath)
    const { workflow } = filter
    return opened.journal.deadLetters({
      limit: deadLettersMax,
      ...(workflow === undefined ? {} : { workflow }),
    })
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
    return []
  }
}

/** An open dead letter. @throws NotFoundError with the nearest id */
export function deadLetterOf(context: CommandContext, id: string): DeadLetterView {
  const all = deadLettersOf(context, {})
  const found = all.find((letter) => letter.id === id)
  if (found !== undefined) return found
  throw new OrchestrationError('NotFoundError', `there is no open dead letter '${id}'`, {
    hint:
      nearestHint(
        id,
        all.map((letter) => letter.id),
      ) ?? '`aura dlq ls` lists all',
  })
}
