/** One step from a schema version to the next. Released migrations are never edited. */
export interface Migration {
  /** Consecutive from 1; the value of `PRAGMA user_version` afterwards. */
  readonly version: number
  readonly sql: string
}

/** Written into every file as `PRAGMA application_id`, so that a foreign database is never altered ("Aura" in ASCII). */
export const applicationId = 0x41757261

/**
 * The tables of the file.
 *
 * - `namespace` comes first in every key; it is 0, which SQLite stores in no byte at all.
 * - `codec` says how the payload beside it is encoded; 0 is plain text.
 * - `journal` is append-only and clustered by arrival, so that the rows of one commit share pages
 *   however many executions they belong to.
 * - What many executions share (document, name, version, metadata) is one row of `definitions`.
 * - `executions.ended_at_ms` of an open execution is `-1 - started_at_ms`: as wide as the real
 *   value, so that ending never grows a row and splits its full page.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE lease (
        namespace INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL
      ) STRICT;
      INSERT INTO lease VALUES (0, 0);

      CREATE TABLE documents (
        document INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        hash TEXT NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL,
        UNIQUE (namespace, hash)
      ) STRICT;

      CREATE TABLE definitions (
        definition INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        document INTEGER NOT NULL,
        workflow TEXT NOT NULL,
        version TEXT NOT NULL,
        codec INTEGER NOT NULL,
        metadata ANY NOT NULL,
        UNIQUE (namespace, document, workflow, version, metadata)
      ) STRICT;

      CREATE TABLE executions (
        execution INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        execution_id TEXT NOT NULL,
        definition INTEGER NOT NULL,
        start_hash ANY NOT NULL,
        status INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER NOT NULL,
        UNIQUE (namespace, execution_id)
      ) STRICT;
      CREATE INDEX executions_open ON executions (namespace) WHERE ended_at_ms < 0;

      CREATE TABLE journal (
        position INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        execution INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        count INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX journal_by_execution ON journal (namespace, execution, seq);
    `,
  },
]
