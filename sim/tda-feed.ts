import {
  type TdaContext,
  type TdaContextSource,
  unavailableTda,
} from '../src/core/contracts/tda.ts'

/** The TDA feed of the world: it outlives every process, and tells those that live. */
export class TdaFeed {
  #context: TdaContext = unavailableTda
  #window = 0
  readonly #listeners = new Map<(context: TdaContext) => void, () => boolean>()

  /** The feed as one process sees it. @param isDead whether it hears nothing any more */
  sourceOf(isDead: () => boolean): TdaContextSource {
    return {
      current: () => this.#context,
      onChange: (listener) => {
        this.#listeners.set(listener, isDead)
        return () => this.#listeners.delete(listener)
      },
    }
  }

  /** An anomaly has begun. */
  anomaly(severity: number, t0Ms: number): void {
    const windowId = `w${++this.#window}`
    this.#say({
      ...unavailableTda,
      available: true,
      windowId,
      anomalySeverity: severity,
      anomalies: [{ severity, t0Ms, pattern: 'loop' }],
    })
  }

  /** All is well again. */
  calm(): void {
    this.#say({ ...unavailableTda, available: true, windowId: `w${++this.#window}` })
  }

  silence(): void {
    this.#say(unavailableTda)
  }

  #say(context: TdaContext): void {
    this.#context = context
    for (const [listener, isDead] of this.#listeners) {
      if (isDead()) this.#listeners.delete(listener)
      else listener(context)
    }
  }
}
