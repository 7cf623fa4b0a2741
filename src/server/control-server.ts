import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { OrchestrationError, isOrchestrationError, toErrorJson } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { ExecutionRow, WorkflowEngine } from '../engine/index.ts'
import { steer } from './control-routes.ts'
import { problemDetails } from './problem-details.ts'
import { readBody } from './request-body.ts'

export interface ControlServerOptions {
  readonly engine: WorkflowEngine
  /** Secret that every request but `/healthz` and `/metrics` must carry as a bearer token. */
  readonly token: string
  /** The executions of the file, newest first. */
  list(filter: { readonly status?: string; readonly workflow?: string }): readonly ExecutionRow[]
  /** What `/metrics` answers. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly logger: Logger
  readonly clock: Clock
}

export interface ControlServer {
  /** On 127.0.0.1. */
  readonly port: number
  close(): Promise<void>
}

/** An answer: JSON, except for a text with its own content type. */
interface Answer {
  readonly status: number
  readonly body: unknown
  readonly contentType?: string
}

const executionPath = /^\/v1\/executions\/([^/]+)(?:\/([a-z]+))?$/
const requestMsMax = 60_000
/** How long requests under way may take when the server closes. */
const closeMsMax = 2_000

/**
 * Opens the owner's server on 127.0.0.1, on a port that the system chooses: other processes steer the
 * owner's executions through it. It keeps the process alive until it is closed: an execution that
 * waits for a signal has nothing else that does.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const server = createServer(
    { requestTimeout: requestMsMax, headersTimeout: 10_000 },
    (request, response) => {
      void serve(options, request, response)
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => close(server, options.clock) }
}

/** Takes no new requests; those under way may finish, so that a `cancel` gets its answer. */
function close(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = clock.after(closeMsMax, () => server.closeAllConnections())
    server.close(() => {
      giveUp()
      resolve()
    })
    server.closeIdleConnections()
  })
}

async function serve(
  options: ControlServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: Answer
  try {
    answer = await answerOf(options, request)
  } catch (thrown) {
    answer = problemAnswer(thrown)
    if (answer.status >= 500) {
      options.logger.log('error', 'a request to the control server failed', {
        path: request.url ?? '',
        error: toErrorJson(thrown, 'InternalError').message,
      })
    }
  }
  const isText = typeof answer.body === 'string' && answer.contentType !== undefined
  const text = isText ? (answer.body as string) : JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // A body that was not read to its end would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  })
  response.end(text)
}

async function answerOf(options: ControlServerOptions, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (!isLocalHost(request.headers.host))
    throw refused(403, 'this server answers to 127.0.0.1 only')
  if (request.method === 'GET' && url.pathname === '/healthz')
    return { status: 200, body: { status: 'ok' } }
  if (request.method === 'GET' && url.pathname === '/metrics') {
    const { metrics } = options
    return { status: 200, body: await metrics.text(), contentType: metrics.contentType }
  }
  if (!isAuthorized(request, options.token))
    throw refused(401, 'the bearer token is missing or wrong')
  return answerAuthorized(options, request, url)
}

async function answerAuthorized(
  options: ControlServerOptions,
  request: IncomingMessage,
  url: URL,
): Promise<Answer> {
  if (url.pathname === '/v1/executions' && request.method === 'GET') {
    return {
      status: 200,
      body: { executions: options.list(filterOf(url)).map(listedExecution), nextCursor: null },
    }
  }
  const match = executionPath.exec(url.pathname)
  if (match === null) throw refused(404, `there is nothing at ${url.pathname}`)
  const executionId = decode(match[1] as string)
  const verb = match[2]
  if (verb === undefined && request.method === 'GET') {
    return { status: 200, body: await options.engine.getExecution(executionId) }
  }
  if (verb === undefined || request.method !== 'POST') {
    throw refused(405, `${request.method} is not for ${url.pathname}`)
  }
  const body = await readBody(request)
  return { status: 200, body: await steer(options.engine, { executionId, verb, body }) }
}

/** One execution of a list, as `aura ls --json` and `GET /v1/executions` show it. */
function listedExecution(row: ExecutionRow): object {
  const { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs } = row
  return { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs }
}

function filterOf(url: URL): { status?: string; workflow?: string } {
  const status = url.searchParams.get('status')
  const workflow = url.searchParams.get('workflow')
  return { ...(status === null ? {} : { status }), ...(workflow === null ? {} : { workflow }) }
}

/** Names another host only when a browser was led here by a foreign name (DNS rebinding). */
function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  // Hashes have one length, so the comparison tells nothing about the token's.
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

function refused(status: number, message: string): Refusal {
  return new Refusal(status, message)
}

function problemAnswer(thrown: unknown): Answer {
  const contentType = 'application/problem+json'
  if (thrown instanceof Refusal) {
    const code = thrown.status === 404 ? 'NotFoundError' : 'UsageError'
    const error = new OrchestrationError(code, thrown.message).toJSON()
    return { status: thrown.status, body: problemDetails(error, thrown.status), contentType }
  }
  // What is not Aura's own may tell of the inside; the log has it.
  const error = isOrchestrationError(thrown)
    ? thrown.toJSON()
    : new OrchestrationError('InternalError', 'the request failed inside').toJSON()
  const body = problemDetails(error)
  return { status: body.status, body, contentType }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
