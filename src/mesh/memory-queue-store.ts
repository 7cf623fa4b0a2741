import { assertNever, invariant } from '../core/assert.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import type { QueueChange, QueueStore, StoredMessage } from '../core/contracts/queue-store.ts'

interface Kept extends StoredMessage {
  readonly queue: string
  readonly event: CloudEvent | null
}

/** Keeps the messages of queues in memory, for as long as the process lives. */
export class MemoryQueueStore implements QueueStore {
  readonly #messages = new Map<number, Kept>()
  #last = 0

  nextPosition(): number {
    return ++this.#last
  }

  load(queue: string): readonly StoredMessage[] {
    return Array.from(this.#messages.values()).filter((message) => message.queue === queue)
  }

  read(position: number): CloudEvent {
    const event = this.#message(position).event
    invariant(event !== null, `message ${position} is done`)
    return event
  }

  commit(changes: readonly QueueChange[]): Promise<void> {
    for (const change of changes) this.#make(change)
    return Promise.resolve()
  }

  #make(change: QueueChange): void {
    const { position } = change
    switch (change.kind) {
      case 'sent': {
        const { queue, event, repeatKey, atMs, dueAtMs } = change
        const partitionKey = event.partitionkey ?? null
        const fresh = { status: 'waiting', deliveries: 0, error: null } as const
        const message = { ...fresh, position, queue, event, repeatKey, partitionKey, atMs, dueAtMs }
        return void this.#messages.set(position, message)
      }
      case 'delivered':
        return this.#change(position, { deliveries: change.deliveries })
      case 'postponed':
        return this.#change(position, { dueAtMs: change.dueAtMs })
      case 'done':
        return this.#change(position, { status: 'done', event: null })
      case 'dead':
        return this.#change(position, { status: 'dead', error: change.error, atMs: change.atMs })
      case 'redriven': {
        const { atMs } = change
        const fresh = { status: 'waiting', deliveries: 0, error: null, dueAtMs: atMs } as const
        return this.#change(position, { ...fresh, atMs })
      }
      case 'forgotten':
        return void this.#messages.delete(position)
      default:
        assertNever(change, 'change')
    }
  }

  #change(position: number, change: Partial<Kept>): void {
    this.#messages.set(position, { ...this.#message(position), ...change })
  }

  #message(position: number): Kept {
    const message = this.#messages.get(position)
    invariant(message !== undefined, `there is no message ${position}`)
    return message
  }
}
