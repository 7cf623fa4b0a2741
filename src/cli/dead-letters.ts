import { listedLetter } from '../core/contracts/queue-letter.ts'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { nearestHint } from '../core/nearest.ts'
import type { AnyDeadLetter } from '../server/index.ts'
import { type OwnerInfo, queueLetters } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { openJournal } from './journal-file.ts'
import { askOwner } from './owner-client.ts'
import { ownerWithoutFile } from './owner-view.ts'

export interface LetterFilter {
  readonly workflow?: string
}

interface LetterPage {
  readonly deadLetters: readonly AnyDeadLetter[]
  readonly nextCursor: string | null
}

/** Dead letters that one verb looks at. */
const deadLettersMax = 100_000

/** Open dead letters, oldest first: on Temporal where the context says so, else in the file or with whoever owns a place without one. */
export async function deadLettersOf(
  context: CommandContext,
  { workflow }: LetterFilter,
): Promise<readonly AnyDeadLetter[]> {
  const filter = { limit: deadLettersMax, ...(workflow === undefined ? {} : { workflow }) }
  if (context.temporal !== null) {
    const { withEngineAt } = await import('./temporal/engine-at.ts')
    return withEngineAt(context, (engine) => engine.deadLetters(filter))
  }
  const elsewhere = ownerWithoutFile(context)
  return elsewhere === null ? recorded(context, filter) : askLetters(elsewhere, filter)
}

/** Those of the file, which needs no ownership; one that is not there has none. */
function recorded(
  context: CommandContext,
  filter: LetterFilter & { readonly limit: number },
): readonly AnyDeadLetter[] {
  try {
    using opened = openJournal(context.databasePath)
    const letters = opened.journal.deadLetters(filter)
    if (filter.workflow !== undefined) return letters
    const queued = queueLetters(opened.reader, filter.limit).map(listedLetter)
    return [...letters, ...queued].toSorted((a, b) => a.atMs - b.atMs)
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
    return []
  }
}

/** All pages of an owner whose executions are elsewhere. */
async function askLetters(owner: OwnerInfo, { workflow }: LetterFilter): Promise<AnyDeadLetter[]> {
  const letters: AnyDeadLetter[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams()
    if (workflow !== undefined) query.set('workflow', workflow)
    if (cursor !== null) query.set('cursor', cursor)
    const path = `/v1/dead-letters?${query.toString()}`
    const page = (await askOwner(owner, { method: 'GET', path })) as unknown as LetterPage
    letters.push(...page.deadLetters)
    cursor = page.nextCursor
  } while (cursor !== null)
  return letters
}

/** An open dead letter. @throws NotFoundError with the nearest id */
export async function deadLetterOf(context: CommandContext, id: string): Promise<AnyDeadLetter> {
  const all = await deadLettersOf(context, {})
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
