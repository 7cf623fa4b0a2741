import { setTimeout } from 'node:timers/promises'

const collections = 4
const pauseMs = 150

/**
 * Bytes of memory that the system counts for this process after garbage collection. V8 keeps the room in
 * which young objects are made, up to some 128 MB, after an ordinary collection; the kind for when memory
 * runs out gives it back, so that what is left is what the program holds. Freed pages are returned by threads
 * beside, hence several times with pauses between.
 *
 * @throws Error without Node's `--expose-gc`
 */
export async function residentBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  for (let i = 0; i < collections; i++) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await setTimeout(pauseMs)
  }
  return process.memoryUsage.rss()
}
