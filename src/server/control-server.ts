import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { messageOf, OrchestrationError } from '../core/errors.ts'
import type { ApiServer, ApiServerOptions } from './api-server-options.ts'
import type { Application } from './application.ts'
import { serverLimits } from './server-limits.ts'

const headersMsMax = 10_000

/**
 * Opens the server through which other processes ask and steer the owner of a file. It keeps the process
 * alive until it is closed: an execution that waits for a signal has nothing else that does.
 *
 * The HTTP framework takes longer to load than a short workflow to run, so `run` loads it with the first
 * request; `serve` has it before it listens.
 *
 * @throws UsageError when the address cannot be bound
 */
export async function startControlServer(options: ApiServerOptions): Promise<ApiServer> {
  const application = new LazyApplication(options)
  if (options.kind === 'serve') await application.get()
  const server = createServer(
    { requestTimeout: serverLimits.requestMsMax, headersTimeout: headersMsMax },
    (request, response) => application.handle(request, response),
  )
  const host = options.host ?? '127.0.0.1'
  await listen(server, host, options.port ?? 0)
  return {
    host,
    port: (server.address() as AddressInfo).port,
    drain: () => application.drain(),
    close: () => close(server, application, options.clock),
  }
}

/** The application once somebody needs it. */
class LazyApplication {
  readonly #options: ApiServerOptions
  #promise: Promise<Application> | null = null
  #application: Application | null = null
  #isDraining = false

  constructor(options: ApiServerOptions) {
    this.#options = options
  }

  get(): Promise<Application> {
    this.#promise ??= this.#load()
    return this.#promise
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#application !== null) return this.#application.handle(request, response)
    this.get()
      .then((application) => application.handle(request, response))
      .catch((thrown: unknown) => {
        const error = messageOf(thrown)
        this.#options.logger.log('error', 'the server cannot answer requests', { error })
        response.destroy()
      })
  }

  drain(): void {
    this.#isDraining = true
    this.#application?.drain()
  }

  /** Resolves when those who follow events were told; nothing is loaded for it. */
  async close(): Promise<void> {
    this.drain()
    await this.#promise?.then((application) => application.close()).catch(() => {})
  }

  async #load(): Promise<Application> {
    const { createApplication } = await import('./application.ts')
    const application = await createApplication(this.#options)
    if (this.#isDraining) application.drain()
    this.#application = application
    return application
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error) => {
      reject(
        new OrchestrationError(
          'UsageError',
          `the server cannot listen on ${host}, port ${port}: ${messageOf(cause)}`,
          { hint: 'name another address with --host and --port; port 0 takes a free one', cause },
        ),
      )
    })
    server.listen({ host, port }, resolve)
  })
}

/** Takes no new requests; those under way may finish, so that a `cancel` gets its answer. */
async function close(server: Server, application: LazyApplication, clock: Clock): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    const giveUp = clock.after(serverLimits.closeMsMax, () => server.closeAllConnections())
    server.close(() => {
      giveUp()
      resolve()
    })
  })
  server.closeIdleConnections()
  await application.close()
  await isClosed
}
