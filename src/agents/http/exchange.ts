import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsMaterial } from './tls-material.ts'

export interface ExchangeRequest {
  readonly method: 'POST' | 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Made when the request is sent, so that what waits for a connection holds none; null sends none. */
  readonly body: (() => string) | null
  /** `false` opens a connection of its own, closed afterwards. */
  readonly connections: Agent | false
  readonly tls: TlsMaterial
  /** Bytes of a 2xx body; other bodies are cut at 64 KiB. */
  readonly bodyBytesMax: number
  /** Called when the connection stands, before the server can have seen anything. */
  readonly onConnected: () => void
  /** Called once, when the request has let go of its connection; also after it was cancelled. */
  readonly onClosed: () => void
}

/** How one request ended. */
export type Exchange =
  /** Node refused to send it, such as for a header that none may be. */
  | { readonly kind: 'unsendable'; readonly error: unknown }
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  /** A 2xx body over the limit; reading was stopped. */
  | { readonly kind: 'tooLarge' }
  /** No whole answer came. `wasReused`: the server may have closed an idle connection under us. */
  | {
      readonly kind: 'broken'
      readonly error: Error
      readonly wasConnected: boolean
      readonly wasReused: boolean
    }

export interface HttpAnswer {
  readonly status: number
  /** The header's text; null when absent. */
  readonly retryAfter: string | null
  readonly body: Buffer
}

const otherBodyBytesMax = 65_536

/**
 * Sends one request and reads one answer within the byte limits. `done` is called once; the returned function
 * cancels, after which it is not called any more.
 */
export function exchange(request: ExchangeRequest, done: (result: Exchange) => void): () => void {
  const { method, url, headers, connections, tls } = request
  let isDone = false
  let wasConnected = false
  const finish = (result: Exchange): void => {
    if (isDone) return
    isDone = true
    done(result)
  }
  const broken = (error: Error): void => {
    finish({ kind: 'broken', error, wasConnected, wasReused: outgoing.reusedSocket })
  }
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  let body: string | null
  let outgoing: ClientRequest
  try {
    body = request.body === null ? null : request.body()
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    outgoing = send(url, { method, agent: connections, headers: { ...headers, ...length }, ...tls })
  } catch (error) {
    finish({ kind: 'unsendable', error })
    request.onClosed()
    return () => undefined
  }
  outgoing.on('socket', (socket) => {
    whenConnected(socket, () => {
      wasConnected = true
      if (!isDone) request.onConnected()
    })
  })
  outgoing.on('response', (incoming) =>
    readAnswer(incoming, request.bodyBytesMax, { finish, broken, outgoing }),
  )
  outgoing.on('error', broken)
  outgoing.on('close', () => {
    broken(new Error('the connection was closed without an answer'))
    request.onClosed()
  })
  if (body === null) outgoing.end()
  else outgoing.end(body)
  return () => {
    isDone = true
    outgoing.destroy()
  }
}

function whenConnected(socket: Socket, connected: () => void): void {
  const isSecure = 'encrypted' in socket
  const isPending =
    socket.connecting ||
    (isSecure && (socket as TLSSocket & { secureConnecting?: boolean }).secureConnecting === true)
  if (isPending) socket.once(isSecure ? 'secureConnect' : 'connect', connected)
  else connected()
}

interface Ending {
  readonly finish: (result: Exchange) => void
  readonly broken: (error: Error) => void
  readonly outgoing: ClientRequest
}

function readAnswer(incoming: IncomingMessage, bodyBytesMax: number, ending: Ending): void {
  const status = incoming.statusCode ?? 0
  const isSuccess = status >= 200 && status <= 299
  const bytesMax = isSuccess ? bodyBytesMax : otherBodyBytesMax
  const retryAfter = incoming.headers['retry-after'] ?? null
  const chunks: Buffer[] = []
  let bytes = 0
  const answered = (): void => {
    ending.finish({
      kind: 'answered',
      answer: { status, retryAfter, body: Buffer.concat(chunks) },
    })
  }
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bytesMax) {
      chunks.push(chunk)
      return
    }
    if (isSuccess) ending.finish({ kind: 'tooLarge' })
    else answered()
    ending.outgoing.destroy()
  })
  incoming.on('end', answered)
  incoming.on('error', ending.broken)
}
