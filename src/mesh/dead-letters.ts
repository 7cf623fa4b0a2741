import { type ErrorJson, OrchestrationError } from '../core/errors.ts'

/** A dead letter as its queue knows it. */
export interface DeadEntry {
  readonly position: number
  readonly repeatKey: string
  readonly partitionKey: string | null
  readonly deliveries: number
  readonly error: ErrorJson
  readonly atMs: number
}

/** The dead letters of one queue, in the order in which they died. */
export class DeadLetters {
  readonly #entries = new Map<string, DeadEntry>()

  get size(): number {
    return this.#entries.size
  }

  add(entry: DeadEntry): void {
    this.#entries.set(String(entry.position), entry)
  }

  oldest(limit: number): readonly DeadEntry[] {
    const found: DeadEntry[] = []
    for (const entry of this.#entries.values()) {
      if (found.length >= limit) break
      found.push(entry)
    }
    return found
  }

  /** Takes one out. @throws NotFoundError */
  take(id: string, queue: string): DeadEntry {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw noDeadLetter(queue, id)
    this.#entries.delete(id)
    return entry
  }
}

/** The refusal of a dead letter that a queue does not have. */
export function noDeadLetter(queue: string, id: string): OrchestrationError {
  return new OrchestrationError('NotFoundError', `queue '${queue}' has no dead letter '${id}'`, {
    hint: 'deadLetters() lists those that it has',
  })
}
