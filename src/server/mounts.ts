import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HttpMount, MountAnswer } from '../core/contracts/http-mount.ts'
import { messageOf } from '../core/errors.ts'
import type { Api } from './api.ts'
import { EventSink } from './event-sink.ts'

/** The protocols that the server speaks beside its own API. */
export class Mounts {
  readonly #open = new Set<AbortController>()

  /** Adds their routes; `pathOf` makes a path one of the router's. */
  add(app: FastifyInstance, api: Api, pathOf: (path: string) => string): void {
    for (const mount of api.options.mounts ?? []) {
      app.route({
        method: mount.method,
        url: pathOf(mount.path),
        config: { isPublic: mount.isPublic },
        handler: (request, reply) => this.#handle(api, mount, { request, reply }),
      })
    }
  }

  /** Ends every stream. */
  close(): void {
    for (const controller of this.#open) controller.abort()
  }

  async #handle(
    api: Api,
    mount: HttpMount,
    { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  ): Promise<FastifyReply> {
    const controller = new AbortController()
    this.#open.add(controller)
    const gone = (): void => {
      this.#open.delete(controller)
      controller.abort()
    }
    reply.raw.on('close', gone)
    const answer = await mount.handle({
      params: request.params as Readonly<Record<string, string>>,
      headers: request.headers,
      text: typeof request.body === 'string' ? request.body : '',
      origin: `${request.protocol}://${request.host}`,
      signal: controller.signal,
    })
    if (answer.kind === 'json') {
      return reply.code(answer.status).type('application/json').send(JSON.stringify(answer.body))
    }
    reply.hijack()
    void stream(api, answer, { request, reply, gone })
    return reply
  }
}

async function stream(
  api: Api,
  answer: Extract<MountAnswer, { readonly kind: 'events' }>,
  {
    request,
    reply,
    gone,
  }: {
    readonly request: FastifyRequest
    readonly reply: FastifyReply
    readonly gone: () => void
  },
): Promise<void> {
  const { clock, logger } = api.options
  const sink = new EventSink({
    response: reply.raw,
    clock,
    requestId: request.id,
    onClosed: gone,
  })
  try {
    for await (const frame of answer.frames) {
      if (sink.isEnded) break
      sink.send(frame)
      await sink.drained()
    }
  } catch (thrown) {
    logger.log('error', 'a stream failed', { path: request.url, error: messageOf(thrown) })
  }
  sink.end('')
}
