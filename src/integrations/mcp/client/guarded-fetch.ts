import { OrchestrationError } from '../../../core/errors.ts'

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` for the SDK's HTTP transport, which by itself waits for ever when a stream of answers breaks off,
 * and reads answers of any size.
 *
 * @param onBroken told once for each answer that broke off or came over `bytesMax`
 */
export function guardedFetch(bytesMax: number, onBroken: (error: Error) => void): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (init?.method !== 'POST' || response.body === null) return response
    const { status, statusText, headers } = response
    return new Response(guarded(response.body, bytesMax, onBroken), { status, statusText, headers })
  }
}

function guarded(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  onBroken: (error: Error) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let bytes = 0
  let isWanted = true
  const next = async (): Promise<Uint8Array | undefined> => {
    const { value } = await reader.read()
    bytes += value?.byteLength ?? 0
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    return value
  }
  return new ReadableStream({
    async pull(controller) {
      try {
        const value = await next()
        if (!isWanted) return
        if (value === undefined) controller.close()
        else controller.enqueue(value)
      } catch (thrown) {
        if (!isWanted) return
        controller.error(thrown)
        onBroken(thrown as Error)
        await reader.cancel().catch(() => {}) // it is broken already
      }
    },
    cancel(reason) {
      isWanted = false
      return reader.cancel(reason)
    },
  })
}

function tooLarge(bytesMax: number): OrchestrationError {
  return new OrchestrationError('ResourceExhaustionError', `an answer is over ${bytesMax} bytes`)
}
