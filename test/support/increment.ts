/** A counter that is changed by compare-and-set. */
export interface Counter {
  read(): Promise<{ readonly value: number; readonly version: number }>
  /** Rejects with code StateConsistencyError when the version is another one by now. */
  write(value: number, expectedVersion: number): Promise<void>
}

/** Adds one, however often somebody else comes first. */
export async function increment(counter: Counter): Promise<void> {
  for (;;) {
    const { value, version } = await counter.read()
    try {
      return await counter.write(value + 1, version)
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'StateConsistencyError') throw thrown
    }
  }
}
