import { request } from 'node:http'
import {
  fromErrorJson,
  isOrchestrationError,
  messageOf,
  OrchestrationError,
} from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { OwnerInfo } from '../storage/index.ts'

/** How long an owner may take to answer. */
export const ownerAnswerMsMax = 5_000
const answerBytesMax = 64 * 1_048_576

interface OwnerRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: JsonValue
  /** Default `ownerAnswerMsMax`. */
  readonly timeoutMs?: number
}

/**
 * Asks the owner of a file over its local HTTP server.
 *
 * @throws OwnerError when it cannot be reached or does not answer in time; the error it answered with
 */
export async function askOwner(owner: OwnerInfo, asked: OwnerRequest): Promise<JsonValue> {
  const answer = await exchange(owner, asked).catch((thrown: unknown) => {
    throw isOrchestrationError(thrown) ? thrown : silent(owner, asked, thrown)
  })
  const value = readJson(owner, asked, answer.text)
  if (answer.status < 400) return value
  throw problemError({ owner, asked }, answer.status, value)
}

function exchange(
  owner: OwnerInfo,
  asked: OwnerRequest,
): Promise<{ status: number; text: string }> {
  const timeoutMs = asked.timeoutMs ?? ownerAnswerMsMax
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body)
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: owner.port,
        method: asked.method,
        path: asked.path,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Bearer ${owner.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const parts: Buffer[] = []
        let bytes = 0
        response.on('data', (part: Buffer) => {
          bytes += part.length
          if (bytes > answerBytesMax) response.destroy(new Error('the answer is too long'))
          else parts.push(part)
        })
        response.on('error', reject)
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 500,
            text: Buffer.concat(parts).toString('utf8'),
          })
        })
      },
    )
    call.on('error', (error) => {
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? silent(owner, asked, error, `no answer within ${timeoutMs} ms`)
          : error,
      )
    })
    call.end(body)
  })
}

function readJson(owner: OwnerInfo, asked: OwnerRequest, text: string): JsonValue {
  try {
    return text === '' ? null : (JSON.parse(text) as JsonValue)
  } catch (thrown) {
    throw silent(owner, asked, thrown, 'it answered with something that is no JSON')
  }
}

function silent(
  owner: OwnerInfo,
  { method }: OwnerRequest,
  cause: unknown,
  why = messageOf(cause),
): OrchestrationError {
  const { pid, port, kind } = owner
  const lookAfter = `look after process ${pid}; once it is gone the verb works on the file itself`
  // Whoever was not reached does nothing; whoever only looks changes nothing.
  const mayHappen = method !== 'GET' && !isRefusedConnection(cause)
  const hint = mayHappen
    ? `process ${pid} may still carry it out later: see with \`aura show\` or \`aura ls\` how it stands before asking again; ${lookAfter}`
    : lookAfter
  return new OrchestrationError(
    'OwnerError',
    `'aura ${kind}' with pid ${pid} owns the file and cannot be asked: ${why}`,
    { retryable: true, hint, details: { pid, port, kind, mayHappen }, cause },
  )
}

function isRefusedConnection(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}

/** The error that a problem document (RFC 9457) carries. */
function problemError(
  { owner, asked }: { readonly owner: OwnerInfo; readonly asked: OwnerRequest },
  status: number,
  value: JsonValue,
): OrchestrationError {
  if (!isJsonObject(value) || typeof value.code !== 'string') {
    return silent(owner, asked, undefined, `it answered with status ${status}`)
  }
  return fromErrorJson({
    code: value.code,
    message: typeof value.detail === 'string' ? value.detail : `status ${status}`,
    retryable: value.retryable === true,
    hint: typeof value.hint === 'string' ? value.hint : null,
    details: isJsonObject(value.details) ? value.details : null,
  })
}
