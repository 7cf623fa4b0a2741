import type { IncomingMessage, ServerResponse } from 'node:http'
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'
import { OrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { nearestHint } from '../core/nearest.ts'
import type { Api } from './api.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import { checked } from './checked-input.ts'
import { Mounts } from './mounts.ts'
import type { Answer, BodyNote, Operation } from './operation.ts'
import { allOperations } from './operations.ts'
import { sendProblem } from './problem-reply.ts'
import { Refusal } from './refusal.ts'
import { parseJson } from './request-body.ts'
import { checkHostHeader, checkToken, isLoopback } from './request-checks.ts'
import { Streams } from './streams.ts'
import { Turns } from './turns.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anybody may ask, without the token. */
    readonly isPublic?: boolean
  }
}

/** What answers requests. */
export interface Application {
  handle(request: IncomingMessage, response: ServerResponse): void
  drain(): void
  /** Says goodbye to those who follow events. */
  close(): Promise<void>
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const

/** Builds what answers requests, ready to be used. */
export async function createApplication(options: ApiServerOptions): Promise<Application> {
  const api: Api = {
    options,
    operations: allOperations,
    streams: new Streams(options),
    starts: new Turns(),
    isDraining: false,
  }
  const app = newFramework(options)
  addHooks(app, api)
  for (const operation of api.operations) addOperation(app, api, operation)
  addRefusedMethods(app, api.operations)
  const mounts = new Mounts()
  mounts.add(app, api, routerPath)
  await app.ready()
  return {
    handle: (request, response) => app.routing(request, response),
    drain() {
      api.isDraining = true
    },
    async close() {
      api.isDraining = true
      api.streams.close()
      mounts.close()
      await app.close()
    },
  }
}

function newFramework({ clock, logger }: ApiServerOptions): FastifyInstance {
  const prefix = clock.nowMs().toString(36)
  let count = 0
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: limits.payloadBytesMax,
    // Requests that come in while it closes are answered as any other; the server decides when it is over.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 4_096 },
    genReqId(request) {
      const given = request.headers['x-request-id']
      if (typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given)) return given
      return `${prefix}-${++count}`
    },
    frameworkErrors: (error, request, reply) => sendProblem({ request, reply, logger }, error),
  })
  app.setErrorHandler((error, request, reply) => sendProblem({ request, reply, logger }, error))
  // Each operation reads its body itself, whatever the client calls it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
  return app
}

function addHooks(app: FastifyInstance, api: Api): void {
  const { options } = api
  const isLocal = isLoopback(options.host ?? '127.0.0.1')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // What is sent is text already; without this a charset would be added that JSON does not have.
    reply.serializer((text: string) => text)
    if (isLocal) checkHostHeader(request.headers.host)
    if (request.routeOptions.config?.isPublic === true) return
    checkToken(request.headers.authorization, options.token)
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    // A body that was not read to its end would be taken for the next request.
    if (api.isDraining || !request.raw.complete) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    options.logger.log('debug', 'request', {
      requestId: request.id,
      method: request.method,
      path: request.url.split('?')[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    })
  })
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0] as string
    const known = api.operations.map((operation) => operation.path)
    const hint = nearestHint(path, known) ?? '`/openapi.json` lists every path'
    throw new OrchestrationError('NotFoundError', `there is nothing at ${path}`, { hint })
  })
}

function addOperation(app: FastifyInstance, api: Api, operation: Operation): void {
  app.route({
    method: operation.method,
    url: routerPath(operation.path),
    config: { isPublic: operation.isPublic ?? false },
    bodyLimit: operation.body?.bytesMax ?? limits.payloadBytesMax,
    async handler(request, reply) {
      const answer = await operation.handle(api, { ...readRequest(operation, request), reply })
      if (answer === null) return reply
      if (answer.body !== undefined) reply.type(typeOf(answer))
      return reply
        .code(answer.status)
        .headers({ ...answer.headers })
        .send(textOf(answer))
    },
  })
}

function readRequest(
  { params, query, headers, body }: Operation,
  request: FastifyRequest,
): {
  params: unknown
  query: unknown
  headers: unknown
  body: unknown
  text: string
  request: FastifyRequest
} {
  // The only parser there is gives text.
  const text = typeof request.body === 'string' ? request.body : ''
  return {
    request,
    text,
    params: params && checked(params, request.params, { name: 'path' }),
    query: query && checked(query, request.query, { name: 'query' }),
    headers: headers && checked(headers, request.headers, { name: 'header' }),
    body: body && readBody(body, text),
  }
}

function readBody({ schema, reading, hints = {} }: BodyNote<unknown>, text: string): unknown {
  if (reading === 'text') return undefined
  const value = parseJson(text)
  if (reading === 'value' && value === undefined) {
    throw new OrchestrationError('InputError', 'the body is empty: it must be a JSON value')
  }
  return checked(schema, value ?? {}, { name: 'body', hints })
}

function typeOf({ contentType }: Answer): string {
  return contentType ?? 'application/json'
}

function textOf({ body, contentType }: Answer): string | undefined {
  if (body === undefined) return undefined
  return contentType !== undefined && typeof body === 'string' ? body : JSON.stringify(body)
}

/** A known path with another method is refused by a word about the method, not about the path. */
function addRefusedMethods(app: FastifyInstance, operations: readonly Operation[]): void {
  const paths = new Map<string, Set<string>>()
  for (const { path, method } of operations) {
    const known = paths.get(path)
    if (known === undefined) paths.set(path, new Set([method]))
    else known.add(method)
  }
  for (const [path, allowed] of paths) {
    // A path that fits another one's pattern leaves the other's methods to it.
    const others = operations.filter((other) => other.path !== path && fits(path, other.path))
    const taken = new Set([...allowed, ...others.map(({ method }) => method)])
    app.route({
      method: methods.filter((method) => !taken.has(method)),
      url: routerPath(path),
      handler(request, reply) {
        reply.header('allow', [...taken].join(', '))
        throw new Refusal(405, 'UsageError', { message: `${request.method} is not for ${path}` })
      },
    })
  }
}

function fits(path: string, pattern: string): boolean {
  const parts = pattern.split('/')
  const given = path.split('/')
  return (
    given.length === parts.length &&
    parts.every((part, place) => part === given[place] || part.startsWith('{'))
  )
}

function routerPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}
