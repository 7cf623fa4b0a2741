import type { Clock } from '../core/clock.ts'
import { toErrorJson } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { MeshDeadLetter } from './event-mesh.ts'

type Given = Omit<MeshDeadLetter, 'error' | 'atMs'> & { readonly thrown: unknown }

/** Logs what was given up and tells those who listen; one who throws harms nobody. */
export class DeadLetterDesk {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners = new Set<(letter: MeshDeadLetter) => void>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  listen(listener: (letter: MeshDeadLetter) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell({ thrown, ...given }: Given): void {
    const { event, pattern, group, queue, deliveries } = given
    const error = toErrorJson(thrown)
    const { code, message } = error
    const { source, id, type } = event ?? {}
    const named = { source, id, type, pattern, group, queue, deliveries, code, error: message }
    this.#logger.log('error', 'an event was given up', named)
    const letter: MeshDeadLetter = { ...given, error, atMs: this.#clock.nowMs() }
    for (const listener of this.#listeners) {
      try {
        listener(letter)
      } catch (broken) {
        const { message: why } = toErrorJson(broken)
        this.#logger.log('error', 'a listener for dead letters failed', { error: why })
      }
    }
  }
}
