import { isOrchestrationError } from '../../core/errors.ts'
import { openLook } from '../../engine/index.ts'
import type { LogEntry, Look } from '../../engine/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { missingAgents, ownerView, ownerWithoutFile } from '../owner-view.ts'
import { eventText } from '../progress/plain-line.ts'
import { timeOfDayText, momentText } from '../terminal/duration-text.ts'
import { plainText } from '../terminal/width.ts'
import type { LogOnTemporal } from '../temporal/log-on-temporal.ts'

type Source = Pick<Look, 'log' | 'close'> | LogOnTemporal

/** How often a followed journal is looked at. */
const followMs = 200
/** After so many looks without an event the owner is asked what is awaited, once. */
const looksUntilQuiet = 5

/**
 * `aura logs ID [-f]`: the recorded events. With `-f` it goes on until the execution has ended. With
 * `--json` one document `{ executionId, entries }`, and with `-f` as well one entry a line.
 */
export async function logs(
  context: CommandContext,
  executionId: string,
  isFollowed: boolean,
): Promise<number> {
  const source = await openSource(context)
  try {
    if (isFollowed) await follow(context, source, executionId)
    else await printAll(context, source, executionId)
  } finally {
    await source.close()
  }
  return exitCodes.done
}

/** Temporal where the context says so, or where whoever owns the place without a file serves executions; else the file. */
async function openSource(context: CommandContext): Promise<Source> {
  if (context.temporal === null && ownerWithoutFile(context) === null)
    return openLook(context.databasePath)
  const { openLogOnTemporal } = await import('../temporal/log-on-temporal.ts')
  return openLogOnTemporal(context)
}

async function printAll(
  context: CommandContext,
  source: Source,
  executionId: string,
): Promise<void> {
  const entries = await source.log(executionId)
  if (context.isJson) context.json({ executionId, entries })
  else print(context, entries, null)
  const last = entries.at(-1)
  if (last !== undefined && !isEnd(last)) await tellMissing(context, executionId)
}

/** Tells for which agents calls wait, which is not in the journal: only the owner knows. */
async function tellMissing(context: CommandContext, executionId: string): Promise<void> {
  const { owner } = findOwner(context.databasePath)
  if (owner === null || context.temporal !== null) return
  const view = await ownerView(owner, executionId).catch((thrown: unknown) => {
    if (isOrchestrationError(thrown)) return null // the journal is told all the same
    throw thrown
  })
  if (view === null) return
  for (const { label, what } of missingAgents(view))
    context.note(context.paintErr.yellow(`${label} waits: ${plainText(what)}`))
}

async function follow(context: CommandContext, source: Source, executionId: string): Promise<void> {
  let last: LogEntry | null = null
  for (let quietLooks = 0; ; quietLooks++) {
    const entries: readonly LogEntry[] = await source.log(executionId, last?.seq ?? 0)
    if (context.isJson) for (const entry of entries) context.say(JSON.stringify(entry))
    else print(context, entries, last)
    last = entries.at(-1) ?? last
    if (last !== null && isEnd(last)) return
    if (entries.length > 0) quietLooks = 0
    if (quietLooks === looksUntilQuiet) await tellMissing(context, executionId)
    await new Promise<void>((resolve) => context.clock.after(followMs, resolve))
  }
}

function isEnd({ event }: LogEntry): boolean {
  return ['ExecutionCompleted', 'ExecutionFailed', 'ExecutionCancelled'].includes(event.kind)
}

/** Lines with the time of day; a line with the date goes before the first of each day. */
function print(
  context: CommandContext,
  entries: readonly LogEntry[],
  before: LogEntry | null,
): void {
  const paint = context.paintOut
  let day = before === null ? '' : dayOf(before)
  for (const entry of entries) {
    if (dayOf(entry) !== day) {
      day = dayOf(entry)
      context.say(paint.dim(day))
    }
    const seq = String(entry.seq).padStart(5)
    context.say(`${paint.dim(`${timeOfDayText(entry.atMs)} ${seq}`)}  ${eventText(entry)}`)
  }
}

function dayOf(entry: LogEntry): string {
  return momentText(entry.atMs).slice(0, 10)
}
