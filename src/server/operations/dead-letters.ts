import { type ErrorJson, OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { type Api, checkAccepting } from '../api.ts'
import { pageLimitDefault } from '../contract/components.ts'
import {
  closedLetter,
  deadLetter,
  deadLetterList,
  deadLetterParams,
  deadLettersQuery,
  redriveBody,
  redriven,
} from '../contract/dead-letters.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import {
  type AnyDeadLetter,
  closeLetter,
  letterOf,
  lettersOf,
  statusAfter,
} from '../dead-letters.ts'
import { operation, type Operation } from '../operation.ts'
import { serverLimits } from '../server-limits.ts'

const tag = 'dead letters'
const problems = [404, 409, 429, 503]

/** What nobody tries again by itself. */
export const deadLetterOperations: readonly Operation[] = [
  operation({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/v1/dead-letters',
    tag,
    summary: 'Open dead letters, oldest first',
    query: deadLettersQuery,
    answers: { 200: { description: 'A page of them.', schema: deadLetterList } },
    async handle(api, { query }) {
      const { executionId, workflow, cursor, limit = pageLimitDefault } = query
      const filter = {
        ...(executionId === undefined ? {} : { executionId }),
        ...(workflow === undefined ? {} : { workflow }),
      }
      // The first page needs no more than one that is not shown; later ones begin after a place.
      const letters = await lettersOf(api, {
        ...filter,
        limit: cursor === undefined ? limit + 1 : serverLimits.deadLettersMax,
      })
      const from = cursor === undefined ? 0 : placeAfter(letters, cursor)
      const shown = letters.slice(from, from + limit)
      const last = letters.length > from + limit ? shown.at(-1) : undefined
      const nextCursor = last === undefined ? null : encodeCursor([last.atMs, last.id])
      return { status: 200, body: { deadLetters: shown, nextCursor } }
    },
  }),
  operation({
    id: 'getDeadLetter',
    method: 'GET',
    path: '/v1/dead-letters/{id}',
    tag,
    summary: 'One open dead letter',
    params: deadLetterParams,
    answers: { 200: { description: 'Why it is there.', schema: deadLetter } },
    problems: [404],
    async handle(api, { params: { id } }) {
      return { status: 200, body: await letterOf(api, id) }
    },
  }),
  operation({
    id: 'redriveDeadLetters',
    method: 'POST',
    path: '/v1/dead-letters/redrive',
    tag,
    summary: 'Tries many again',
    body: { schema: redriveBody, isRequired: false },
    answers: { 200: { description: 'Which ones.', schema: redriven } },
    problems: [503],
    async handle(api, { body }) {
      checkAccepting(api)
      const letters = await lettersOf(api, { ...body, limit: serverLimits.deadLettersMax })
      return { status: 200, body: await redriveAll(api, letters) }
    },
  }),
  closing('redrive', 'Tries one again: what failed goes on where it failed'),
  closing('discard', 'Closes one without doing anything'),
]

function closing(verb: 'redrive' | 'discard', summary: string): Operation {
  return operation({
    id: `${verb}DeadLetter`,
    method: 'POST',
    path: `/v1/dead-letters/{id}/${verb}`,
    tag,
    summary,
    params: deadLetterParams,
    answers: { 200: { description: 'How its execution stands then.', schema: closedLetter } },
    problems,
    async handle(api, { params: { id } }) {
      if (verb === 'redrive') checkAccepting(api)
      await closeLetter(api, verb, id)
      return { status: 200, body: await statusAfter(api, verb, id) }
    },
  })
}

async function redriveAll(api: Api, letters: readonly AnyDeadLetter[]): Promise<object> {
  const done: string[] = []
  const refused: { readonly id: string; readonly error: ErrorJson }[] = []
  for (const { id } of letters) {
    try {
      await closeLetter(api, 'redrive', id)
      done.push(id)
    } catch (thrown) {
      refused.push({ id, error: toErrorJson(thrown, 'InternalError') })
    }
  }
  return { redriven: done, refused }
}

/** Where the list goes on after the letter of the cursor, also when that has been closed since. */
function placeAfter(letters: readonly AnyDeadLetter[], cursor: string): number {
  const position = decodeCursor(cursor)
  if (!Array.isArray(position) || typeof position[0] !== 'number') {
    throw new OrchestrationError(
      'InputError',
      `query.cursor: '${cursor}' is no cursor of this list`,
    )
  }
  const [atMs, id] = position as [number, unknown]
  const place = letters.findIndex((letter) => letter.id === id)
  if (place !== -1) return place + 1
  // Rather one of the same moment twice than one never.
  const later = letters.findIndex((letter) => letter.atMs >= atMs)
  return later === -1 ? letters.length : later
}
