import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { Clock } from './clock.ts'
import { limits } from './limits.ts'

/** The heap is looked at again after so much time, or so many questions: a burst fills it between two looks. */
const lookMs = 10
const asksMax = 8
/** V8's default size of a semi-space; the young generation has three. */
const semiSpaceBytes = 64 * 1_048_576

/**
 * Why the process should take nothing more on; null when all is well.
 *
 * @param isExact looks at this moment, before something large, and counts what is young too: a burst of it
 *   outlives its youth before anybody looks again. Default: a recent look at what is old will do
 */
export type Pressure = (isExact?: boolean) => string | null

/**
 * Tells why the process should take nothing more on: its old generation, which ends the process when it is
 * full, is filled above `heapShareMax`, or has less than `heapReserveBytes` left (of a heap smaller than twice
 * that: half). Null while it has room. What garbage collection would free counts as filled, so it may say so
 * for a moment too long.
 */
export function heapPressure(clock: Clock): Pressure {
  const oldBytesMax = getHeapStatistics().heap_size_limit - youngBytesMax()
  const reserveBytes = Math.min(limits.heapReserveBytes, oldBytesMax / 2)
  const filledMax = Math.min(limits.heapShareMax * oldBytesMax, oldBytesMax - reserveBytes)
  const judge = (usedBytes: number): string | null =>
    usedBytes <= filledMax
      ? null
      : `the heap holds ${megabytes(usedBytes)} of ${megabytes(oldBytesMax)} MB; heapShareMax is ${limits.heapShareMax}, heapReserveBytes ${megabytes(limits.heapReserveBytes)} MB`
  let lookedAtMs = -Infinity
  let asks = 0
  let lately: string | null = null
  return (isExact = false) => {
    if (isExact) return judge(getHeapStatistics().used_heap_size)
    const nowMs = clock.monotonicMs()
    if (nowMs - lookedAtMs < lookMs && ++asks < asksMax) return lately
    lookedAtMs = nowMs
    asks = 0
    lately = judge(oldBytes())
    return lately
  }
}

function oldBytes(): number {
  let bytes = 0
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) {
    if (name !== 'new_space') bytes += used
  }
  return bytes
}

/** V8's limit counts the young generation, which never ends the process. */
function youngBytesMax(): number {
  const flag = process.execArgv.find((word) => /^--max[-_]semi[-_]space[-_]size=/.test(word))
  const megabytesGiven = flag === undefined ? Number.NaN : Number(flag.split('=')[1])
  return 3 * (megabytesGiven > 0 ? megabytesGiven * 1_048_576 : semiSpaceBytes)
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
