import { getHeapStatistics } from 'node:v8'
import type { Clock } from './clock.ts'
import { limits } from './limits.ts'

/** The heap is looked at no more often. */
const lookMs = 50

/**
 * Tells why the process should take nothing more on: its heap is filled above `heapShareMax`. Null while it
 * has room. What garbage collection would free counts as filled, so it may say so for a moment too long.
 */
export function heapPressure(clock: Clock): () => string | null {
  let lookedAtMs = -Infinity
  let pressure: string | null = null
  return () => {
    const nowMs = clock.monotonicMs()
    if (nowMs - lookedAtMs < lookMs) return pressure
    lookedAtMs = nowMs
    const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics()
    pressure =
      usedBytes <= limits.heapShareMax * limitBytes
        ? null
        : `the heap holds ${megabytes(usedBytes)} of ${megabytes(limitBytes)} MB; heapShareMax is ${limits.heapShareMax}`
    return pressure
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
