/**
 * Texts under the hash of their content, each stored once: what a payload would carry again and again, and
 * what is too large for a message.
 *
 * @throws each method: StorageError (retryable) when the store is out of reach
 */
export interface BlobStore {
  /**
   * Stores a text, or keeps one that is there for longer; never for shorter.
   *
   * @param keepMs how long from now at least; null for ever
   * @returns its SHA-256 as 64 hexadecimal digits
   * @throws ResourceExhaustionError over `payloadBytesMax`, or when the store is full
   */
  put(text: string, keepMs: number | null): Promise<string>
  /** Null when it is not there, or not any more. @throws StateConsistencyError when it was altered */
  get(hash: string): Promise<string | null>
}
