import { ResourceExhaustionError } from '../../core/errors.ts'
import type { ChildEnd } from '../../workflow/index.ts'

/** Temporal's own limit of one payload is 2 MiB; what seals it adds a little. */
export const temporalPayloadBytesMax = 2_000_000
/** What is measured before it becomes a part of a payload may be so large. */
export const payloadBytesMax = 1_900_000

/** Where larger payloads may go, in the words of an error. */
export const configureStore =
  'give engine and workers the same `payloadStore`; in the shell, REDIS_URL'

/** The refusal of a payload of so many bytes where there is no store. */
export function tooLarge(size: number): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `a payload of ${size} bytes is over the ${temporalPayloadBytesMax} that Temporal takes`,
    { hint: `hand on a reference (a path, an id), or ${configureStore}` },
  )
}

/** Bytes of a text as UTF-8; the sandbox has no `Buffer`. */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) bytes++
    // The two halves of a pair have four bytes together.
    if (code > 0x7ff && (code < 0xd800 || code > 0xdfff)) bytes++
  }
  return bytes
}

/** The end of a sub-workflow as its parent may be told: without a store one whose output is too large has failed. */
export function fittingEnd(end: ChildEnd, hasPayloadStore: boolean): ChildEnd {
  const bytes = hasPayloadStore ? 0 : utf8Bytes(JSON.stringify(end))
  if (bytes <= payloadBytesMax) return end
  const status = end.status === 'completed' ? 'failed' : end.status
  return { ...end, status, output: null, error: tooLarge(bytes).toJSON() }
}
