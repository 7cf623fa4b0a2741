/** The right to do some work alone for a while. */
export interface Lease {
  readonly name: string
  readonly holder: string
  /** Rises with every grant of this name, so that a store can tell a later owner from an earlier one (`Fence`). */
  readonly token: number
  readonly ttlMs: number
}

/**
 * Leases by name. A holder that stalls for longer than its lease does not notice that it has lost it, so
 * whatever it writes must carry the lease as a fence: a lease alone protects nothing.
 *
 * @throws each method: StorageError (retryable) when the store is out of reach; InputError for a bad name or time
 */
export interface LeaseStore {
  /** @param holder different for every process that asks. Null when another holds it, or the same one still does */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null>
  /** Gives it its whole time again. False when it was lost. */
  renew(lease: Lease): Promise<boolean>
  /** False when it was lost before. */
  release(lease: Lease): Promise<boolean>
}
