import type { Clock } from '../core/clock.ts'
import type { QueueDesk } from '../core/contracts/queue-letter.ts'
import type { QueueStore } from '../core/contracts/queue-store.ts'
import { noDeadLetter } from './dead-letters.ts'

/** Closes dead letters in a store, of queues that nobody has open. */
export function storedLetters(store: QueueStore, clock: Clock): QueueDesk {
  const positionOf = (queue: string, number: string): number => {
    const found = store
      .load(queue)
      .find(({ position, status }) => status === 'dead' && String(position) === number)
    if (found === undefined) throw noDeadLetter(queue, number)
    return found.position
  }
  return {
    async redrive(queue, number) {
      const position = positionOf(queue, number)
      await store.commit([{ kind: 'redriven', position, atMs: clock.nowMs() }])
    },
    async discard(queue, number) {
      await store.commit([{ kind: 'forgotten', position: positionOf(queue, number) }])
    },
  }
}
