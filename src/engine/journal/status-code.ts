import { invariant } from '../../core/assert.ts'

/** Every status of an execution; its place decides its stored code, so new ones go to the end. */
const statuses = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled']

/** SQLite stores 0 and 1 in no byte and 2 to 127 in one; equal widths let a status change in place. */
const firstCode = 2

/** @throws InternalError when there is no such status. */
export function statusCode(status: string): number {
  const place = statuses.indexOf(status)
  invariant(place >= 0, `unknown execution status '${status}'`)
  return firstCode + place
}

/** True when the code stands for a status. */
export function hasStatusCode(code: number): boolean {
  return statuses[code - firstCode] !== undefined
}

/** @throws InternalError when the code stands for no status. */
export function statusOfCode(code: number): string {
  const status = statuses[code - firstCode]
  invariant(status !== undefined, `unknown execution status code ${code}`)
  return status
}
