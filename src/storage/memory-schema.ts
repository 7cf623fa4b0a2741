/** The tables of what agents remember. */
export const memorySchema = `
      CREATE TABLE memories (
        memory INTEGER PRIMARY KEY,
        namespace INTEGER NOT NULL,
        owner TEXT NOT NULL,
        space TEXT NOT NULL,
        key TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        written_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER,
        bytes INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        payload ANY NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX memories_by_key ON memories (namespace, owner, space, key);
      CREATE INDEX memories_by_space ON memories (namespace, owner, space, memory);
      CREATE INDEX memories_by_expiry ON memories (namespace, expires_at_ms)
        WHERE expires_at_ms IS NOT NULL;

      CREATE TABLE memory_vectors (
        namespace INTEGER NOT NULL,
        memory INTEGER NOT NULL,
        embedder TEXT NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (namespace, memory)
      ) STRICT, WITHOUT ROWID;`
