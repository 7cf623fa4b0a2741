import { z } from 'zod'
import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import type { LogEntry } from '../../engine/index.ts'
import type { Api } from '../api.ts'
import { executionParams, logEntry } from '../contract/executions.ts'
import { frame } from '../event-frame.ts'
import { EventSink } from '../event-sink.ts'
import { ExecutionFollower } from '../execution-follower.ts'
import { LiveFollower } from '../live-follower.ts'
import { type AnswerNote, operation, type Operation } from '../operation.ts'
import { problemDetails } from '../problem-details.ts'
import { notOffered, shownError } from '../refusal.ts'

const tag = 'events'
/** How often reading for a follower may fail, and how long it is left alone then. */
const failsMax = 10
const readAgainMs = 500
const eventId = z.coerce.number().int().min(0).optional()

function streamOf(description: string): Readonly<Record<number, AnswerNote>> {
  return { 200: { description, schema: logEntry, contentType: 'text/event-stream' } }
}

/** Following what is recorded, as server-sent events. */
export const eventOperations: readonly Operation[] = [
  operation({
    id: 'followExecution',
    method: 'GET',
    path: '/v1/executions/{id}/events',
    tag,
    summary: 'Every event of an execution, first those of the past, then as they happen',
    params: executionParams,
    query: z.strictObject({ lastEventId: eventId.describe('For clients that can set no header.') }),
    headers: z.object({ 'last-event-id': eventId.describe('Goes on after this event.') }),
    answers: streamOf(
      'Each event as `id: <seq>`, `event: <kind>`, `data: <LogEntry>`. `event: end` when the execution has ended; `event: dropped` for a follower who is too far behind; `event: failed` when reading fails; `event: bye` when the server closes; a comment every 15 s.',
    ),
    problems: [404, 501, 503],
    async handle(api, { params, query, headers, request, reply }) {
      const after = headers['last-event-id'] ?? query.lastEventId ?? 0
      const follower = newFollower(api, params.id)
      const stop = api.streams.follow(params.id, follower)
      const first = await follower.begin(after).catch((thrown: unknown) => {
        stop()
        throw thrown
      })
      reply.hijack()
      const sink = new EventSink({
        response: reply.raw,
        clock: api.options.clock,
        requestId: request.id,
        onClosed() {
          stop()
          follower.gone()
        },
      })
      void run(api, follower, { sink, first })
      return null
    },
  }),
  operation({
    id: 'followAll',
    method: 'GET',
    path: '/v1/events',
    tag,
    summary: 'The events of all executions as they happen, without the past',
    answers: streamOf(
      'Each event as `event: <kind>`, `data: <LogEntry>`; ends as that of one execution.',
    ),
    problems: [503],
    handle(api, { request, reply }) {
      const follower = new LiveFollower()
      const stop = api.streams.follow(null, follower)
      reply.hijack()
      const { clock } = api.options
      const sink = { response: reply.raw, clock, requestId: request.id, onClosed: stop }
      follower.begin(new EventSink(sink))
      return null
    },
  }),
]

function newFollower({ options }: Api, executionId: string): ExecutionFollower {
  if (options.log === undefined) {
    throw notOffered('this owner tells no events of one execution', 'use `aura logs -f`')
  }
  const log = options.log.bind(options)
  return new ExecutionFollower(executionId, {
    log: (afterSeq) => log(executionId, afterSeq),
    status: async () => (await options.engine.getExecution(executionId)).status,
  })
}

/** Where executions are elsewhere, reading may fail for a moment: then it goes on where it was. */
async function run(
  api: Api,
  follower: ExecutionFollower,
  { sink, first }: { readonly sink: EventSink; readonly first: readonly LogEntry[] },
): Promise<void> {
  const { clock } = api.options
  let entries = first
  for (let fails = 1; ; fails++) {
    try {
      return await follower.run(sink, entries)
    } catch (thrown) {
      const isForNow = isOrchestrationError(thrown) && thrown.retryable
      if (!isForNow || fails === failsMax || sink.isEnded) return fail(api, sink, thrown)
      entries = []
      await new Promise<void>((resolve) => clock.after(readAgainMs, resolve))
    }
  }
}

/** The answer has begun, so the error is told as an event. */
function fail({ options }: Api, sink: EventSink, thrown: unknown): void {
  if (sink.isEnded) return
  options.logger.log('error', 'following an execution failed', { error: messageOf(thrown) })
  sink.end(frame('failed', JSON.stringify(problemDetails(shownError(thrown).toJSON()))))
}
