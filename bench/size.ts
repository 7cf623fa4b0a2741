import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openEngine } from '../src/index.ts'
import { noopAgent } from './bench-engine.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { runLoad } from './load.ts'

const executions = 10_000
const steps = executions * 5

/**
 * What 10,000 finished five-step executions leave in the file, seen from outside: growth of the file and
 * rows of the journal. Both times the whole write-ahead log has been carried into the file.
 */
export async function measureSize(directory: string): Promise<readonly BenchRow[]> {
  const home = mkdtempSync(join(directory, 'size-'))
  const file = join(home, 'aura.db')
  try {
    await (await openEngine({ db: file })).close()
    const before = look(file)
    const engine = await openEngine({ db: file, agents: [noopAgent()] })
    await runLoad(engine, { mode: 'atOnce', concurrency: 1_000, executions })
    await engine.close()
    const after = look(file)
    return [
      benchRow({
        workload: 'W3',
        metric: 'bytesPerStep',
        value: (after.bytes - before.bytes) / steps,
        unit: 'bytes',
      }),
      benchRow({
        workload: 'W3',
        metric: 'rowsPerStep',
        value: (after.rows - before.rows) / steps,
        unit: 'rows',
      }),
    ]
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function look(file: string): { readonly bytes: number; readonly rows: number } {
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const rows = Number(database.prepare('SELECT count(*) AS n FROM journal').get()?.['n'])
    return { bytes: statSync(file).size, rows }
  } finally {
    database.close()
  }
}
