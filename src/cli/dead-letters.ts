import { listedLetter } from '../core/contracts/queue-letter.ts'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { nearestHint } from '../core/nearest.ts'
import type { AnyDeadLetter } from '../server/index.ts'
import { queueLetters } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { openJournal } from './journal-file.ts'

/** Dead letters that one verb looks at. */
const deadLettersMax = 100_000

/** Open dead letters, oldest first; a file that is not there has none. Needs no ownership. */
export function deadLettersOf(
  context: CommandContext,
  { workflow }: { readonly workflow?: string },
): readonly AnyDeadLetter[] {
  try {
    using opened = openJournal(context.databasePath)
    const limit = deadLettersMax
    if (workflow !== undefined) return opened.journal.deadLetters({ limit, workflow })
    const queued = queueLetters(opened.reader, limit).map(listedLetter)
    return [...opened.journal.deadLetters({ limit }), ...queued].toSorted((a, b) => a.atMs - b.atMs)
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
    return []
  }
}

/** An open dead letter. @throws NotFoundError with the nearest id */
export function deadLetterOf(context: CommandContext, id: string): AnyDeadLetter {
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
