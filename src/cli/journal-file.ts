import type { Journal } from '../engine/index.ts'
// The reader alone: the whole engine takes five times as long to load, and `ls` is to answer at once.
import { SqliteJournalReader } from '../engine/journal/sqlite-reader.ts'
import { type DatabaseReader, openReader } from '../storage/index.ts'

/** What may be looked up in a file without owning it. */
export type JournalReader = Pick<
  Journal,
  'find' | 'list' | 'open' | 'rows' | 'document' | 'deadLetters' | 'deadLetter' | 'workflows'
>

/** An open file; `using` closes it. */
export interface OpenedJournal extends Disposable {
  readonly journal: JournalReader
  readonly reader: DatabaseReader
}

/** Opens a file for looking, owned or not. @throws NotFoundError when it is absent or empty; StorageError */
export function openJournal(path: string): OpenedJournal {
  const reader = openReader(path)
  return {
    journal: new SqliteJournalReader(reader),
    reader,
    [Symbol.dispose]: () => reader.close(),
  }
}
