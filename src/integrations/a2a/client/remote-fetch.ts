import { OrchestrationError } from '../../../core/errors.ts'

/** An answer that is neither a success nor an error of the protocol. */
export class HttpStatusError extends Error {
  readonly status: number

  constructor(status: number, text: string) {
    super(`it answered with status ${status}${text === '' ? '' : `: ${text}`}`)
    this.name = 'HttpStatusError'
    this.status = status
  }
}

const excerptCharacters = 500
const cardMsMax = 30_000

/**
 * A `fetch` that sends `headers` with every request, bounds every answer and tells statuses apart. Each request
 * has a connection of its own: on a kept one that the agent has just closed, nobody could tell whether it arrived.
 */
export function remoteFetch(
  headers: Readonly<Record<string, string>>,
  bytesMax: number,
): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, {
      ...init,
      // A card is fetched without a deadline of a call.
      signal: init?.signal ?? AbortSignal.timeout(cardMsMax),
      headers: {
        ...(init?.headers as Readonly<Record<string, string>>),
        ...headers,
        connection: 'close',
      },
    })
    if (!response.ok) return refusal(response)
    if (response.body === null) return response
    let bytes = 0
    const bounded = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes += chunk.byteLength
          if (bytes > bytesMax) controller.error(tooLarge(bytesMax))
          else controller.enqueue(chunk)
        },
      }),
    )
    const { status, statusText } = response
    return new Response(bounded, { status, statusText, headers: response.headers })
  }
}

/** An error of the protocol is left to the SDK. @throws HttpStatusError */
async function refusal(response: Response): Promise<Response> {
  const { status, headers } = response
  const text = await response.text()
  if (text.includes('"error"')) return new Response(text, { status, headers })
  throw new HttpStatusError(status, text.slice(0, excerptCharacters))
}

function tooLarge(bytesMax: number): OrchestrationError {
  return new OrchestrationError('ResourceExhaustionError', `an answer is over ${bytesMax} bytes`)
}
