import {
  executionOfLetter,
  listedLetter,
  queueLetterPlace,
  type QueueLetterPlace,
  queueLetterStatus,
} from '../core/contracts/queue-letter.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { DeadLetterFilter, DeadLetterView } from '../engine/index.ts'
import type { Api } from './api.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import { serverLimits } from './server-limits.ts'

/** A dead letter of an execution, or of a work queue: then nothing is known of an execution. */
export type AnyDeadLetter = Omit<DeadLetterView, 'executionId'> & {
  readonly executionId: string | null
}

/** Which dead letters are wanted; those of queues belong to no execution and no workflow. */
export interface WantedLetters {
  readonly executionId?: string | undefined
  readonly workflow?: string | undefined
  readonly limit?: number
}

/** Open dead letters, oldest first. */
export async function lettersOf(
  { options }: Api,
  { executionId, workflow, limit }: WantedLetters,
): Promise<readonly AnyDeadLetter[]> {
  const wanted: DeadLetterFilter = {
    ...(executionId === undefined ? {} : { executionId }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(limit === undefined ? {} : { limit }),
  }
  const letters = await options.engine.deadLetters(wanted)
  if (executionId !== undefined || workflow !== undefined) return letters
  const queued = (options.queueLetters?.list(limit ?? serverLimits.deadLettersMax) ?? []).map(
    listedLetter,
  )
  if (queued.length === 0) return letters
  return [...letters, ...queued].toSorted((a, b) => a.atMs - b.atMs).slice(0, limit)
}

/** @throws NotFoundError */
export async function letterOf(api: Api, id: string): Promise<AnyDeadLetter> {
  const place = queueLetterPlace(id)
  const found =
    place === null
      ? (await lettersOf(api, { executionId: executionOfLetter(id) })).find((one) => one.id === id)
      : queueLetterAt(api.options, place)
  if (found !== undefined) return found
  throw notOpen(id)
}

type Act = 'redrive' | 'discard'

/** Closes a dead letter. @throws NotFoundError; as the engine's verb */
export async function closeLetter({ options }: Api, act: Act, id: string): Promise<void> {
  const place = queueLetterPlace(id)
  if (place === null) return options.engine[act](id)
  if (options.queueLetters === undefined) throw notOpen(id)
  await options.queueLetters[act](place.queue, place.number)
}

/** How the execution of a closed dead letter stands; of a queue's whether its event waits again. */
export async function statusAfter(
  { options }: Api,
  act: Act,
  id: string,
): Promise<{ readonly executionId: string | null; readonly status: string }> {
  if (queueLetterPlace(id) !== null) return { executionId: null, status: queueLetterStatus[act] }
  const executionId = executionOfLetter(id)
  const { status } = await options.engine.getExecution(executionId)
  return { executionId, status }
}

function notOpen(id: string): OrchestrationError {
  return new OrchestrationError('NotFoundError', `there is no open dead letter '${id}'`)
}

function queueLetterAt(
  { queueLetters }: ApiServerOptions,
  place: QueueLetterPlace,
): AnyDeadLetter | undefined {
  const found = queueLetters?.find(place)
  return found === undefined ? undefined : listedLetter(found)
}
