import { DatabaseSync } from 'node:sqlite'
import type { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'

/** What LangGraph's `SqliteSaver` is given as its driver. */
export type SaverDriver = ConstructorParameters<typeof SqliteSaver>[0]

/**
 * `node:sqlite` with the few methods of better-sqlite3 that `SqliteSaver` calls, so that its own code and
 * statements run here without a native build, on the same SQLite as Aura. The file is at FULL, as Aura's.
 */
export function nodeSqliteDriver(path: string): { driver: SaverDriver; close: () => void } {
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA synchronous = FULL')
  const driver: unknown = {
    pragma: (text: string) => connection.prepare(`PRAGMA ${text}`).all(),
    exec: (sql: string) => connection.exec(sql),
    // better-sqlite3 takes undefined for NULL.
    prepare: (sql: string) => {
      const statement = connection.prepare(sql)
      return {
        run: (...values: Value[]) => statement.run(...values.map(given)),
        get: (...values: Value[]) => statement.get(...values.map(given)),
        all: (...values: Value[]) => statement.all(...values.map(given)),
      }
    },
    transaction:
      <Args extends unknown[]>(work: (...args: Args) => void) =>
      (...args: Args) => {
        connection.exec('BEGIN')
        try {
          work(...args)
          connection.exec('COMMIT')
        } catch (thrown) {
          connection.exec('ROLLBACK')
          throw thrown
        }
      },
  }
  return { driver: driver as SaverDriver, close: () => connection.close() }
}

type Value = string | number | Uint8Array | null | undefined

function given(value: Value): string | number | Uint8Array | null {
  return value ?? null
}
