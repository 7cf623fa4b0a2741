import { memorySchema } from './memory-schema.ts'

/** One step from a schema version to the next. Released migrations are never edited. */
export interface Migration {
  /** Consecutive from 1; the value of `PRAGMA user_version` afterwards. */
  readonly version: number
  readonly sql: string
}

/** Written into every file as `PRAGMA application_id`, so that a foreign database is never altered ("Aura" in ASCII). */
export const applicationId = 0x41757261

/**
 * An execution that failed under version 1 (status 7) gets the dead letter that version 2 would have
 * opened: its error is in the event of kind 26, which ends its last row.
 */
const deadLettersOfVersion1 = `
  INSERT INTO dead_letters (namespace, id, execution, step_id, at_ms, codec, payload)
    SELECT 0, execution_id, execution, json_extract(error, '$.details.stepId'), ended_at_ms, 0, error
    FROM (
      SELECT e.execution_id, e.execution, e.ended_at_ms, coalesce((
        SELECT json_extract(event.value, '$[1]')
        FROM journal j, json_each(CASE WHEN json_valid(j.payload) THEN j.payload ELSE '[]' END) event
        WHERE j.namespace = 0 AND j.execution = e.execution AND j.seq = (
            SELECT max(seq) FROM journal WHERE namespace = 0 AND execution = e.execution)
          AND event.type = 'array' AND json_extract(event.value, '$[0]') = 26
      ), json_object('code', 'OrchestrationError', 'message', 'its failure is not in its last journal row',
        'retryable', json('false'), 'hint', NULL, 'details', NULL)) AS error
      FROM executions e WHERE e.status = 7 ORDER BY e.ended_at_ms, e.execution
    );`

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
 *
 * Since version 2:
 * - `checksum` covers what is written once in its row, `state_checksum` what changes (`checksum.ts`
 *   says how). Null means unchecked, which only rows of version 1 may be: executions up to
 *   `lease.unchecked_execution` and journal rows up to `lease.unchecked_position`.
 * - `executions.parent` is the number of the execution whose step this one is; null for a root.
 * - `blobs` has large parts of payloads, each once under the SHA-256 of its text; `blob_refs` says which
 *   executions have rows that need it. A payload that names blobs has codec 1 (`blob-text.ts`).
 * - `snapshots` are folded states, the newest two of an open execution. A damaged one is not used.
 * - `dead_letters` has the open ones only; closing one deletes it. In order of opening.
 * - `tombstones` are the rows of `executions` that retention has removed, so that their ids stay taken.
 *   Between them no execution number is ever used twice.
 * - `workflows` is the registry: the newest document of each name and version.
 *
 * Since version 3:
 * - `budgets` has what agents and tenants have spent in their present span of time, with what running calls
 *   have reserved. The journal's events say the same, call by call.
 * - `routers` are trained routers, the newest three versions of each name; `profiles_hash` names what they
 *   were trained from.
 * - `routing_outcomes` are the outcomes that routers learned from, in order.
 * - `queue_messages` has the events of work queues, clustered by arrival. `checksum` covers what is written
 *   once. One that was handled stays for a while without its payload, so that repeats of it are known.
 * - `outbox` has events that executions have published and that were not sent on yet. Sending deletes.
 * - `graph_threads` numbers each thread and each namespace of checkpoints in it.
 * - `graph_records` is clustered by arrival: a checkpoint (`task_id` empty) and what each task of the step
 *   after it has written lie beside one another, so that a step touches one page of the table and one of
 *   its index. A checkpoint's row holds the channel values that it made and refers to the rows that hold
 *   the others. A row without `checkpoint_id` is of a checkpoint that was pruned: it holds only values
 *   that are still referred to.
 * - `memories` is what agents remember, by owner, space and key; in order of writing. `memory_vectors` are
 *   embeddings of their texts, which follow from these: without them they are made again.
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
  {
    version: 2,
    sql: `
      ALTER TABLE lease ADD COLUMN unchecked_execution INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE lease ADD COLUMN unchecked_position INTEGER NOT NULL DEFAULT 0;
      UPDATE lease SET
        unchecked_execution = coalesce((SELECT max(execution) FROM executions), 0),
        unchecked_position = coalesce((SELECT max(position) FROM journal), 0);

      ALTER TABLE journal ADD COLUMN checksum INTEGER;
      ALTER TABLE documents ADD COLUMN checksum INTEGER;
      ALTER TABLE definitions ADD COLUMN checksum INTEGER;
      ALTER TABLE executions ADD COLUMN parent INTEGER;
      ALTER TABLE executions ADD COLUMN checksum INTEGER;
      ALTER TABLE executions ADD COLUMN state_checksum INTEGER;
      CREATE INDEX executions_by_parent ON executions (namespace, parent) WHERE parent IS NOT NULL;

      CREATE TABLE tombstones (
        execution INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        execution_id TEXT NOT NULL,
        definition INTEGER NOT NULL,
        start_hash ANY NOT NULL,
        status INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER NOT NULL,
        parent INTEGER,
        checksum INTEGER,
        state_checksum INTEGER,
        UNIQUE (namespace, execution_id)
      ) STRICT;

      CREATE TABLE blobs (
        blob INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        hash BLOB NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL,
        UNIQUE (namespace, hash)
      ) STRICT;
      CREATE TABLE blob_refs (
        namespace INTEGER NOT NULL,
        execution INTEGER NOT NULL,
        blob INTEGER NOT NULL,
        PRIMARY KEY (namespace, execution, blob)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX blob_refs_by_blob ON blob_refs (namespace, blob);

      CREATE TABLE snapshots (
        snapshot INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        execution INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kernel_version INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL,
        UNIQUE (namespace, execution, seq)
      ) STRICT;

      CREATE TABLE dead_letters (
        dead_letter INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        id TEXT NOT NULL,
        execution INTEGER NOT NULL,
        step_id TEXT,
        at_ms INTEGER NOT NULL,
        checksum INTEGER,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL,
        UNIQUE (namespace, id)
      ) STRICT;
      CREATE INDEX dead_letters_by_execution ON dead_letters (namespace, execution);
      ${deadLettersOfVersion1}

      CREATE TABLE workflows (
        namespace INTEGER NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        document INTEGER NOT NULL,
        registered_at_ms INTEGER NOT NULL,
        checksum INTEGER,
        PRIMARY KEY (namespace, name, version)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO workflows (namespace, name, version, document, registered_at_ms)
        SELECT 0, d.workflow, d.version, max(d.document), e.started_at_ms -- of the row with the maximum
        FROM definitions d
        JOIN (SELECT definition, min(started_at_ms) AS started_at_ms FROM executions GROUP BY definition) e
          ON e.definition = d.definition
        WHERE d.namespace = 0 GROUP BY d.workflow, d.version;
    `,
  },
  {
    version: 3,
    // Salvage tells rows apart by how many columns they have, then by their types and checksums.
    sql: `
      CREATE TABLE budgets (
        namespace INTEGER NOT NULL,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        from_ms INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        cost_nano_usd INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (namespace, scope, name)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE routers (
        namespace INTEGER NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        profiles_hash TEXT NOT NULL,
        trained_at_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL,
        PRIMARY KEY (namespace, name, version)
      ) STRICT;

      CREATE TABLE routing_outcomes (
        outcome INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        name TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL
      ) STRICT;
      CREATE INDEX routing_outcomes_by_name ON routing_outcomes (namespace, name, outcome);

      CREATE TABLE queue_messages (
        message INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        queue TEXT NOT NULL,
        repeat_key TEXT NOT NULL,
        partition_key TEXT,
        status INTEGER NOT NULL,
        deliveries INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        due_at_ms INTEGER NOT NULL,
        error TEXT,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY
      ) STRICT;
      CREATE INDEX queue_messages_by_queue ON queue_messages (namespace, queue);

      CREATE TABLE outbox (
        position INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        execution INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        place INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL
      ) STRICT;

      CREATE TABLE graph_threads (
        thread INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        thread_id TEXT NOT NULL,
        checkpoint_ns TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        UNIQUE (namespace, thread_id, checkpoint_ns)
      ) STRICT;

      CREATE TABLE graph_records (
        position INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        thread INTEGER NOT NULL,
        checkpoint_id TEXT,
        task_id TEXT NOT NULL,
        parent_id TEXT,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX graph_records_by_thread
        ON graph_records (namespace, thread, checkpoint_id, task_id);
      ${memorySchema}
    `,
  },
]
