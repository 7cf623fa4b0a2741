/** A request to end the process. */
export interface Interruption {
  /** Resolves at the first signal. */
  readonly requested: Promise<Interrupt>
  stopListening(): void
}

/** A signal that asks the process to end, and the exit code by which a shell knows it. */
export interface Interrupt {
  readonly signal: keyof typeof codes
  readonly code: number
}

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Listens for Ctrl-C and its kin.
 *
 * @param onSecond must end the process on the spot: somebody does not want to wait
 */
export function listenForInterruption(onSecond: (second: Interrupt) => void): Interruption {
  let isRequested = false
  const { promise: requested, resolve: request } = Promise.withResolvers<Interrupt>()
  const signals = Object.keys(codes) as (keyof typeof codes)[]
  const onSignal = (signal: keyof typeof codes): void => {
    const interrupt = { signal, code: codes[signal] }
    if (isRequested) onSecond(interrupt)
    isRequested = true
    request(interrupt)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return {
    requested,
    stopListening: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
