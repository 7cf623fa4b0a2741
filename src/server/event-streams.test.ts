import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import type { EngineListener, LogEntry, WorkflowEngine } from '../engine/index.ts'
import type { ApiServer } from './api-server-options.ts'
import { startControlServer } from './control-server.ts'
import { serverLimits } from './server-limits.ts'

interface SentEvent {
  readonly id: string | null
  readonly event: string | null
  readonly data: string | null
  readonly comment: string | null
}

/** One connection that follows events. */
class Reader {
  readonly #received: SentEvent[] = []
  readonly #response: IncomingMessage
  readonly #call: ClientRequest
  #text = ''
  #isClosed = false
  #wake: () => void = () => {}

  constructor(call: ClientRequest, response: IncomingMessage) {
    this.#call = call
    this.#response = response
    response.setEncoding('utf8')
    response.on('error', () => {})
    response.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  get status(): number | undefined {
    return this.#response.statusCode
  }

  get type(): string | undefined {
    return this.#response.headers['content-type']
  }

  listen(): this {
    this.#response.on('data', (part: string) => {
      this.#text += part
      const blocks = this.#text.split('\n\n')
      this.#text = blocks.pop() ?? ''
      for (const block of blocks) this.#received.push(parse(block))
      this.#wake()
    })
    return this
  }

  async next(): Promise<SentEvent> {
    while (this.#received.length === 0) {
      if (this.#isClosed) throw new Error('the stream is over')
      await this.#news()
    }
    return this.#received.shift() as SentEvent
  }

  /** Everything until the server hangs up. */
  async rest(): Promise<readonly SentEvent[]> {
    while (!this.#isClosed) await this.#news()
    return this.#received.splice(0)
  }

  hangUp(): void {
    this.#call.destroy()
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function parse(block: string): SentEvent {
  const field = (name: string): string | null =>
    new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? null
  return { id: field('id'), event: field('event'), data: field('data'), comment: field('') }
}

const listeners = new Set<EngineListener>()
const timers = new Set<{ readonly delayMs: number; readonly fire: () => void }>()
let journal: LogEntry[]
let status: string
/** How often reading is to fail for the moment. */
let unread: number
let server: ApiServer
let logged: string[]
const open: Reader[] = []

/** Only what is due after a heartbeat is held back. */
const clock: Clock = {
  ...systemClock,
  after(delayMs, fire) {
    if (delayMs !== serverLimits.heartbeatMs) return systemClock.after(delayMs, fire)
    const timer = { delayMs, fire }
    timers.add(timer)
    return () => timers.delete(timer)
  },
}

const engine = {
  subscribe(listener: EngineListener) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  getExecution: () => Promise.resolve({ status }),
} as unknown as WorkflowEngine

beforeEach(async () => {
  journal = []
  status = 'running'
  unread = 0
  logged = []
  server = await startControlServer({
    engine,
    token: 't',
    kind: 'serve',
    list: () => [],
    metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
    logger: { ...silentLogger, log: (_, message) => void logged.push(message) },
    clock,
    log(executionId, afterSeq = 0) {
      if (executionId !== 'e') throw new OrchestrationError('NotFoundError', 'no execution')
      if (unread > 0) {
        unread--
        throw new OrchestrationError('AgentCommunicationError', 'no answer', { retryable: true })
      }
      return journal.filter(({ seq }) => seq > afterSeq)
    },
  })
})

afterEach(async () => {
  for (const reader of open.splice(0)) reader.hangUp()
  await server.close()
  expect(listeners.size).toBe(0)
  expect(timers.size).toBe(0)
})

function connect(path: string, headers: Record<string, string> = {}): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: server.port,
        path,
        headers: { authorization: 'Bearer t', ...headers },
        agent: false,
      },
      (response) => {
        const reader = new Reader(call, response)
        open.push(reader)
        resolve(reader)
      },
    )
    call.on('error', reject)
    call.end()
  })
}

async function follow(path: string, headers: Record<string, string> = {}): Promise<Reader> {
  return (await connect(path, headers)).listen()
}

function happen(kind: string, data: unknown = null, executionId = 'e'): LogEntry {
  const event = { kind, data } as unknown as LogEntry['event']
  const entry = { executionId, seq: journal.length + 1, atMs: 5, event }
  if (executionId === 'e') journal.push(entry)
  for (const listener of listeners) listener.onEvent?.(entry)
  return entry
}

test('the past comes first, then what happens, then the end', async () => {
  const first = happen('ExecutionStarted', 'with\nlines')
  const reader = await follow('/v1/executions/e/events')
  expect([reader.status, reader.type]).toEqual([200, 'text/event-stream'])
  expect(await reader.next()).toEqual({
    id: '1',
    event: 'ExecutionStarted',
    data: JSON.stringify(first),
    comment: null,
  })
  happen('SignalReceived')
  happen('SignalReceived', null, 'another')
  expect(await reader.next()).toMatchObject({ id: '2', event: 'SignalReceived' })
  status = 'completed'
  happen('ExecutionCompleted')
  expect(await reader.rest()).toMatchObject([
    { id: '3', event: 'ExecutionCompleted' },
    { id: null, event: 'end', data: '{"executionId":"e","status":"completed"}' },
  ])
})

test('a follower goes on after the last event it has, by header or by query', async () => {
  for (let count = 0; count < 4; count++) happen('SignalReceived')
  status = 'cancelled'
  const ids = async (path: string, headers = {}): Promise<(string | null)[]> =>
    (await (await follow(path, headers)).rest()).map(({ id, event }) => id ?? event)
  const path = '/v1/executions/e/events'
  expect(await ids(path, { 'last-event-id': '2' })).toEqual(['3', '4', 'end'])
  expect(await ids(`${path}?lastEventId=3`)).toEqual(['4', 'end'])
  expect(await ids(`${path}?lastEventId=1`, { 'last-event-id': '4' })).toEqual(['end'])
})

test('an execution that is not there and an event id that is none are refused before the stream begins', async () => {
  expect((await connect('/v1/executions/nope/events')).status).toBe(404)
  const wrong = await connect('/v1/executions/e/events', { 'last-event-id': 'x' })
  expect([wrong.status, wrong.type]).toEqual([422, 'application/problem+json'])
  expect(listeners.size).toBe(0)
})

test('all executions are followed together, from now on', async () => {
  happen('ExecutionStarted')
  const reader = await follow('/v1/events')
  happen('SignalReceived')
  happen('ExecutionStarted', null, 'another')
  expect(await reader.next()).toMatchObject({ id: null, event: 'SignalReceived' })
  const { event, data } = await reader.next()
  expect([event, JSON.parse(data ?? '')]).toMatchObject([
    'ExecutionStarted',
    { executionId: 'another' },
  ])
})

test('a follower hears a sign of life when nothing happens', async () => {
  const reader = await follow('/v1/executions/e/events')
  for (const round of [1, 2]) {
    const [timer] = [...timers]
    expect(timers.size, `round ${round}`).toBe(1)
    timers.clear()
    timer?.fire()
    expect(await reader.next()).toMatchObject({ comment: 'heartbeat', event: null })
  }
})

test('closing says goodbye to every follower', async () => {
  const readers = [await follow('/v1/executions/e/events'), await follow('/v1/events')]
  await server.close()
  for (const reader of readers) {
    expect(await reader.rest()).toMatchObject([{ event: 'bye', id: null }])
  }
})

test('a follower who hangs up is forgotten', async () => {
  const reader = await follow('/v1/executions/e/events')
  expect(listeners.size).toBe(1)
  reader.hangUp()
  while (listeners.size > 0) await new Promise(setImmediate)
  expect(timers.size).toBe(0)
})

test('a reader who is too slow is dropped with the limit and loses nothing by coming back', async () => {
  const reader = await connect('/v1/executions/e/events')
  const large = 'x'.repeat(1_000_000)
  for (let count = 0; count < 30; count++) {
    happen('SignalReceived', large)
    await new Promise(setImmediate)
  }
  const sent = await reader.listen().rest()
  const dropped = sent.at(-1)
  expect(dropped).toMatchObject({ event: 'dropped', id: null })
  expect(JSON.parse(dropped?.data ?? '')).toMatchObject({
    code: 'ResourceExhaustionError',
    retryable: true,
    detail: expect.stringContaining('streamCharactersMax'),
  })
  const ids = sent.slice(0, -1).map(({ id }) => Number(id))
  expect(ids.length).toBeLessThan(30)
  status = 'completed'
  const rest = await follow('/v1/executions/e/events', { 'last-event-id': String(ids.at(-1)) })
  for (const { id, event } of await rest.rest()) if (event !== 'end') ids.push(Number(id))
  expect(ids).toEqual(journal.map(({ seq }) => seq))
})

test('over streamsMax nobody more may follow', async () => {
  const readers = await Promise.all(
    Array.from({ length: serverLimits.streamsMax }, () => connect('/v1/events')),
  )
  expect(new Set(readers.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await connect('/v1/events')).status).toBe(503)
})

test('reading that fails for the moment goes on where it was, and the follower hears of none', async () => {
  happen('ExecutionStarted')
  const reader = await follow('/v1/executions/e/events')
  await reader.next()
  unread = 2
  happen('SignalReceived')
  happen('SignalReceived')
  status = 'completed'
  happen('ExecutionCompleted')
  expect((await reader.rest()).map(({ id, event }) => id ?? event)).toEqual(['2', '3', '4', 'end'])
  expect(unread).toBe(0)
})

test('when reading fails the follower is told and the log has it', async () => {
  happen('ExecutionStarted')
  const reader = await follow('/v1/executions/e/events')
  await reader.next()
  journal.pop()
  const event = { kind: 'SignalReceived' } as unknown as LogEntry['event']
  for (const listener of listeners) {
    listener.onEvent?.({ executionId: 'e', seq: 9, atMs: 5, event })
  }
  const [failed] = await reader.rest()
  expect(failed?.event).toBe('failed')
  expect(JSON.parse(failed?.data ?? '')).toMatchObject({ code: 'InternalError', status: 500 })
  expect(logged).toContain('following an execution failed')
})
