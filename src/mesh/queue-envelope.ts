import type { CloudEvent } from '../core/contracts/events.ts'
import type { QueueStore, StoredMessage } from '../core/contracts/queue-store.ts'
import type { Envelope } from './channel.ts'

/** A message of a queue: where it lies, and what the queue must know while it waits. */
export class QueueEnvelope implements Envelope {
  readonly position: number
  readonly repeatKey: string
  readonly key: string | null
  readonly asker = null
  readonly acceptedAtMs: number
  readonly isAlone: boolean
  deliveries: number
  readonly #store: QueueStore
  #held: CloudEvent | null

  constructor(
    store: QueueStore,
    message: Omit<StoredMessage, 'status' | 'error' | 'dueAtMs'>,
    options: {
      /** The event, where it need not be read first. */
      readonly held?: CloudEvent
      readonly isAlone?: boolean
    } = {},
  ) {
    this.position = message.position
    this.repeatKey = message.repeatKey
    this.key = message.partitionKey
    this.acceptedAtMs = message.atMs
    this.deliveries = message.deliveries
    this.#store = store
    this.#held = options.held ?? null
    this.isAlone = options.isAlone ?? false
  }

  get event(): CloudEvent {
    return this.#held ?? this.#store.read(this.position)
  }

  /** The store has it: a long queue does not fill the memory. */
  letGo(): void {
    this.#held = null
  }
}
