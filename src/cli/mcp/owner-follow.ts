import { request } from 'node:http'
import { OrchestrationError } from '../../core/errors.ts'
import type { OwnerInfo } from '../../storage/index.ts'

/**
 * Follows the events of an execution at the owner of its file. Resolves at the end of the execution, or when
 * `signal` is aborted.
 *
 * @throws OwnerError (retryable) when the owner goes away or refuses
 */
export function followAtOwner(
  owner: OwnerInfo,
  executionId: string,
  { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: () => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => {
      if (signal.aborted) resolve()
      else reject(new OrchestrationError('OwnerError', 'the owner went away', { retryable: true }))
    }
    const call = request(
      {
        host: '127.0.0.1',
        port: owner.port,
        path: `/v1/executions/${encodeURIComponent(executionId)}/events`,
        agent: false,
        signal,
        headers: { authorization: `Bearer ${owner.token}` },
      },
      (response) => {
        // Whoever asks how it stands is told why there is nothing to follow.
        if (response.statusCode === 404) resolve()
        let rest = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          const lines = `${rest}${text}`.split('\n')
          rest = lines.pop() ?? ''
          const events = lines.filter((line) => line.startsWith('event:'))
          if (events.some((line) => line.slice(6).trim() === 'end')) {
            resolve()
            call.destroy()
          } else if (events.length > 0) onChange()
        })
        response.on('error', gone)
        response.on('close', gone)
      },
    )
    call.on('error', gone)
    call.end()
  })
}
