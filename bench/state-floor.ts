import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../src/core/clock.ts'
import type { StateLatency, StateLoad } from './state-latency.ts'

/**
 * The floor of W6: a bare loop over node:sqlite that keeps one row a key, and no history of it.
 * A new file, WAL, synchronous=FULL; every turn of the event loop writes one value of each client in one
 * transaction, the next turn reads each with a prepared SELECT. What a client waits for is the whole turn.
 */
export async function stateFloor({ directory, clients, turns }: StateLoad): Promise<StateLatency> {
  const home = mkdtempSync(join(directory, 'state-floor-'))
  const database = new DatabaseSync(join(home, 'floor.db'))
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE state (execution INTEGER, key TEXT, version INTEGER, value TEXT,
        PRIMARY KEY (execution, key)) WITHOUT ROWID;
    `)
    const begin = database.prepare('BEGIN IMMEDIATE')
    const commit = database.prepare('COMMIT')
    const set = database.prepare(`INSERT INTO state VALUES (?, ?, 1, ?)
      ON CONFLICT DO UPDATE SET version = version + 1, value = excluded.value`)
    const get = database.prepare('SELECT value FROM state WHERE execution = ? AND key = ?')
    const keys = Array.from({ length: clients }, (_, n) => `client_${n}`)
    const latency: StateLatency = { setMs: [], getMs: [] }
    let sinceMs = systemClock.monotonicMs()
    const lap = (): number => {
      const startedMs = sinceMs
      sinceMs = systemClock.monotonicMs()
      return sinceMs - startedMs
    }
    for (let turn = 0; turn < turns; turn++) {
      begin.run()
      for (const key of keys) set.run(1, key, JSON.stringify({ client: key, turn }))
      commit.run()
      await setImmediate()
      latency.setMs.push(lap())
      for (const key of keys) JSON.parse(String(get.get(1, key)?.['value']))
      await setImmediate()
      latency.getMs.push(lap())
    }
    return latency
  } finally {
    database.close()
    rmSync(home, { recursive: true, force: true })
  }
}
