/** A request to end the process. */
export interface Interruption {
  /** Resolves with the process's exit code at the first signal. */
  readonly requested: Promise<number>
  stopListening(): void
}

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Listens for Ctrl-C and its kin; a second one ends the process on the spot. */
export function listenForInterruption(): Interruption {
  let isRequested = false
  const { promise: requested, resolve: request } = Promise.withResolvers<number>()
  const signals = Object.keys(codes) as (keyof typeof codes)[]
  const onSignal = (signal: keyof typeof codes): void => {
    if (isRequested) process.exit(codes[signal])
    isRequested = true
    request(codes[signal])
  }
  for (const signal of signals) process.on(signal, onSignal)
  return {
    requested,
    stopListening: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
