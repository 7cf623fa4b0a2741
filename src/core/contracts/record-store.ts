/** What is to become of the records of a group, all of it or nothing. */
export interface RecordChange {
  readonly set?: ReadonlyMap<string, string>
  /** Written where there is none of that name. */
  readonly add?: ReadonlyMap<string, string>
  readonly remove?: readonly string[]
}

/**
 * Texts by name, in groups that are changed as one: for what several processes work on in turn and a `StateStore`
 * would give a version to. Names are 1 to 1,000 characters, texts at most `payloadBytesMax`. A change is as
 * durable as the store's own settings say when its promise resolves.
 *
 * @throws each method: StorageError (retryable: repeat it) when the store is out of reach; InputError for a name
 */
export interface RecordStore {
  /** Of all records of a group, sorted. */
  names(group: string): Promise<readonly string[]>
  /** The texts under these names; null where there is none. */
  read(group: string, names: readonly string[]): Promise<readonly (string | null)[]>
  /** A group that was to expire stays. @throws ResourceExhaustionError for too large a text, or when the store is full */
  write(group: string, change: RecordChange): Promise<void>
  /** Removes a group. */
  remove(group: string): Promise<void>
  /** Groups whose names begin so, sorted. */
  groups(prefix: string): Promise<readonly string[]>
  /** The group is gone after `keepMs`, unless it is written before. */
  expire(group: string, keepMs: number): Promise<void>
}
