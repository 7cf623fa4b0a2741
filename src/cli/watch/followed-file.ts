import { open } from 'node:fs/promises'
import type { Clock } from '../../core/clock.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { pause } from './pause.ts'

/** How often a file is looked at for more. */
const lookMs = 250
const chunkBytes = 65_536

/**
 * The text of a file, then what is appended to it, until the signal ends it.
 *
 * @throws SeriesError when the file becomes shorter.
 */
export async function* followFile(
  path: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const file = await open(path)
  try {
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(chunkBytes)
    let position = 0
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, position)
      position += bytesRead
      if (bytesRead > 0) {
        yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true })
        continue
      }
      if ((await file.stat()).size < position)
        throw new OrchestrationError('SeriesError', `${path}: has become shorter`, {
          hint: 'watch it again; a file that is followed may only grow',
        })
      await pause(lookMs, { clock, signal })
    }
  } finally {
    await file.close()
  }
}
