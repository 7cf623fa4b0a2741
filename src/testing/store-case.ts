/** One behaviour that every implementation of a port has; `run` rejects when this one has it not. */
export interface StoreCase {
  readonly name: string
  run(): Promise<void>
}

/** A store that a case may fill, and how time passes for it. */
export interface StoreHarness<Store> {
  readonly store: Store
  /** Lets at least so much time pass, for the store and for its clock. */
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

/** The cases of a suite but for declared gaps. @throws Error when a gap names no case */
export function suiteOf<Store>(
  checks: Readonly<Record<string, (harness: StoreHarness<Store>) => Promise<void>>>,
  open: () => Promise<StoreHarness<Store>>,
  gaps: Readonly<Record<string, string>>,
): readonly StoreCase[] {
  for (const gap of Object.keys(gaps))
    if (!(gap in checks)) throw new Error(`the gap '${gap}' names no case`)
  return Object.entries(checks)
    .filter(([name]) => gaps[name] === undefined)
    .map(([name, check]) => ({
      name,
      async run() {
        const harness = await open()
        try {
          await check(harness)
        } finally {
          await harness.close()
        }
      },
    }))
}
