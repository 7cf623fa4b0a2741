import { invariant } from '../../core/assert.ts'
import {
  executionOfLetter,
  queueLetterPlace,
  queueLetterStatus,
} from '../../core/contracts/queue-letter.ts'
import { type ErrorJson, OrchestrationError, toErrorJson } from '../../core/errors.ts'
import type { OpenedEngine, WorkflowEngine } from '../../engine/index.ts'
import type { AnyDeadLetter } from '../../server/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { driveAdvice } from '../drive-advice.ts'
import { doEngineVerb } from '../engine-verbs.ts'
import { exitCodeOf, exitCodes } from '../exit-code.ts'
import { deadLetterOf, deadLettersOf, type LetterFilter } from '../dead-letters.ts'
import { askOwner } from '../owner-client.ts'
import { steeredOf } from '../steering.ts'
import { durationText } from '../terminal/duration-text.ts'
import { tableLines } from '../terminal/table.ts'
import { cutToWidth, plainText } from '../terminal/width.ts'

/** Columns of an error's text in the list. */
const errorColumns = 100

/** `aura dlq ls [--workflow W]`: open dead letters, oldest first. */
export async function dlqLs(context: CommandContext, filter: LetterFilter): Promise<number> {
  const deadLetters = await deadLettersOf(context, filter)
  if (context.isJson) context.json({ deadLetters: deadLetters.map(listed) })
  else if (deadLetters.length === 0) context.note('no dead letters')
  else context.say(table(context, deadLetters))
  return exitCodes.done
}

function listed({ id, executionId, stepId, error, atMs }: AnyDeadLetter): object {
  return { id, executionId, stepId, error, atMs }
}

function table(context: CommandContext, deadLetters: readonly AnyDeadLetter[]): string {
  const paint = context.paintOut
  const nowMs = context.clock.nowMs()
  const rows = deadLetters.map(({ id, stepId, error, atMs }) => [
    plainText(id),
    stepId ?? '',
    paint.dim(durationText(nowMs - atMs)),
    cutToWidth(paint.red(plainText(`${error.code}: ${error.message}`)), errorColumns),
  ])
  const head = ['DEAD LETTER', 'STEP', 'AGE', 'ERROR'].map((title) => paint.dim(title))
  const { commandName, placeArgument } = context
  return [
    ...tableLines([head, ...rows], context.stdout),
    '',
    paint.dim('next'),
    `  ${commandName} dlq show ID${placeArgument}`,
    `  ${commandName} dlq redrive ID…${placeArgument}  ${paint.dim('# or --all')}`,
  ].join('\n')
}

type Act = 'redrive' | 'discard'

/** What became of one dead letter. */
interface ActResult {
  readonly id: string
  /** Null for one of a work queue. */
  readonly executionId: string | null
  /** Null when it was refused. */
  readonly status: string | null
  readonly error: ErrorJson | null
}

export interface ActOptions extends LetterFilter {
  readonly all?: boolean
}

/**
 * `aura dlq redrive|discard ID…|--all [--workflow W]`. One id answers as other verbs do; of several each
 * is tried, and the first refusal decides the exit code.
 */
export async function actOnDeadLetters(
  context: CommandContext,
  act: Act,
  asked: { readonly ids: readonly string[]; readonly options: ActOptions },
): Promise<number> {
  const ids = await idsOf(context, act, asked)
  // One that is not there is found out before the file is owned, or made.
  const only = asked.ids.length === 1 ? asked.ids[0] : undefined
  if (only !== undefined) await deadLetterOf(context, only)
  if (ids.length === 0) {
    if (context.isJson) context.json({ results: [] })
    else context.note('no dead letters')
    return exitCodes.done
  }
  const thrown: unknown[] = []
  const { answer: results, isDriven } = await doEngineVerb(context, {
    ask: (owner) => each(ids, thrown, (id) => askFor(owner, act, id)),
    work: (engine, opened) =>
      each(ids, thrown, (id) => workOn({ context, engine, opened }, act, id)),
  })
  if (only !== undefined && thrown.length > 0) throw thrown[0]
  report(context, { results, isOne: only !== undefined })
  if (act === 'redrive' && !isDriven) adviseDrive(context, results)
  return thrown.length === 0 ? exitCodes.done : exitCodeOf(thrown[0])
}

/** Who goes on with what was redriven, while nobody owns the file. */
function adviseDrive(context: CommandContext, results: readonly ActResult[]): void {
  const done = results.filter(({ error }) => error === null)
  const first = done.find(({ executionId }) => executionId !== null)
  if (first?.executionId != null)
    context.note(`recorded; nobody drives it now. ${driveAdvice(context, first.executionId)}`)
  else if (done.length > 0) context.note('recorded; whoever next works on the queue gets it')
}

async function idsOf(
  context: CommandContext,
  act: Act,
  { ids, options }: { readonly ids: readonly string[]; readonly options: ActOptions },
): Promise<readonly string[]> {
  const isAll = options.all === true
  if (isAll === ids.length > 0 || (options.workflow !== undefined && !isAll)) {
    throw new OrchestrationError('UsageError', `dlq ${act} takes either ids or --all`, {
      hint: 'aura dlq ls lists them; --all --workflow NAME takes those of one workflow',
    })
  }
  if (!isAll) return [...new Set(ids)]
  return (await deadLettersOf(context, options)).map(({ id }) => id)
}

async function each(
  ids: readonly string[],
  thrown: unknown[],
  act: (id: string) => Promise<string>,
): Promise<readonly ActResult[]> {
  const results: ActResult[] = []
  for (const id of ids) {
    const executionId = queueLetterPlace(id) === null ? executionOfLetter(id) : null
    try {
      results.push({ id, executionId, status: await act(id), error: null })
    } catch (error) {
      thrown.push(error)
      results.push({ id, executionId, status: null, error: toErrorJson(error, 'InternalError') })
    }
  }
  return results
}

async function askFor(owner: OwnerInfo, act: Act, id: string): Promise<string> {
  const path = `/v1/dead-letters/${encodeURIComponent(id)}/${act}`
  return steeredOf(id, await askOwner(owner, { method: 'POST', path, body: {} })).status
}

async function workOn(
  of: {
    readonly context: CommandContext
    readonly engine: WorkflowEngine
    readonly opened: OpenedEngine | null
  },
  act: Act,
  id: string,
): Promise<string> {
  const { context, engine, opened } = of
  const place = queueLetterPlace(id)
  if (place === null) {
    await engine[act](id)
    return (await engine.getExecution(executionOfLetter(id))).status
  }
  if (opened === null)
    throw new OrchestrationError('NotFoundError', `there is no open dead letter '${id}'`)
  invariant(opened.database !== null, 'a verb without an owner works on a file')
  const { fileLetters } = await import('../queue-letters.ts')
  await fileLetters(opened, opened.database, context.clock)[act](place.queue, place.number)
  return queueLetterStatus[act]
}

function report(
  context: CommandContext,
  { results, isOne }: { readonly results: readonly ActResult[]; readonly isOne: boolean },
): void {
  if (context.isJson) {
    const { executionId, status } = results[0] as ActResult
    context.json(isOne ? { executionId, status } : { results })
    return
  }
  const paint = context.paintOut
  for (const { id, status, error } of results) {
    const what =
      error === null ? (status ?? '') : paint.red(plainText(`${error.code}: ${error.message}`))
    context.say(`${plainText(id)}  ${what}`)
  }
}
