import type { MeshReading } from '../core/contracts/mesh.ts'
import type { QueueDesk } from '../core/contracts/queue-letter.ts'
import type { QueueStore } from '../core/contracts/queue-store.ts'
import { AloneGate } from './alone-gate.ts'
import { InProcessQueue, type QueueParts } from './in-process-queue.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'
import { refuseOther, refuseTooMany, wholeOptions } from './queue-options.ts'
import { QueueWriter } from './queue-writer.ts'
import { storedLetters } from './stored-letters.ts'
import type { QueueOptions, WorkQueue } from './work-queue.ts'

/** The work queues of one mesh, by name. */
export class Queues {
  /** Dead letters of queues that are open are theirs to close, those of others are in the store alone. */
  readonly letters: QueueDesk
  readonly #parts: QueueParts
  readonly #queues = new Map<string, InProcessQueue>()

  constructor({
    store,
    ...parts
  }: Omit<QueueParts, 'store' | 'writer' | 'gate'> & { readonly store: QueueStore | null }) {
    const own = store ?? new MemoryQueueStore()
    const writer = new QueueWriter(own, parts.clock, parts.logger)
    this.#parts = { ...parts, store: own, writer, gate: new AloneGate() }
    const stored = storedLetters(own, parts.clock)
    this.letters = {
      redrive: (queue, number) =>
        this.#queues.get(queue)?.redrive(number) ?? stored.redrive(queue, number),
      discard: (queue, number) =>
        this.#queues.get(queue)?.discard(number) ?? stored.discard(queue, number),
    }
  }

  /** Nothing is left that somebody works on. */
  get isIdle(): boolean {
    for (const queue of this.#queues.values()) if (!queue.isIdle) return false
    return true
  }

  open(name: string, options: QueueOptions = {}): WorkQueue {
    const whole = wholeOptions(name, options)
    const open = this.#queues.get(name)
    if (open !== undefined) {
      refuseOther(name, options, open.options)
      return open
    }
    refuseTooMany(this.#queues.size)
    const queue = new InProcessQueue(name, whole, this.#parts)
    this.#queues.set(name, queue)
    return queue
  }

  readings(): readonly MeshReading[] {
    return Array.from(this.#queues.values(), (queue) => queue.reading())
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.close()))
    await this.#parts.writer.close()
  }
}
