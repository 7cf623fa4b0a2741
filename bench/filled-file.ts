import { systemClock } from '../src/core/clock.ts'
import { newExecutionId } from '../src/core/ids.ts'
import { systemRandom } from '../src/core/random.ts'
import { type ExecutionRow, SqliteJournal } from '../src/engine/index.ts'
import { openEngine } from '../src/index.ts'
import { Database } from '../src/storage/index.ts'
import { execute, fiveSteps, noopAgent } from './bench-engine.ts'

const batch = 2_000
/** As if one had been started so often, so that ids and times differ as they do in life. */
const intervalMs = 100

/**
 * Fills a new file with finished five-step executions: one is really run, and its rows are recorded again
 * and again under new ids, in large commits that wait for no disk.
 */
export async function fillFile(file: string, executions: number): Promise<void> {
  const engine = await openEngine({ db: file, agents: [noopAgent()], durability: 'normal' })
  await execute(engine, fiveSteps)
  await engine.close()
  const database = Database.open({ path: file, durability: 'normal' })
  const journal = new SqliteJournal(database)
  try {
    const pattern = journal.list({})[0] as ExecutionRow
    const rows = journal.rows(pattern.execution)
    const firstMs = systemClock.nowMs() - executions * intervalMs
    for (let made = 1; made < executions; made += batch) {
      const starts = Array.from({ length: Math.min(batch, executions - made) }, (_, place) =>
        repeated(pattern, journal.nextExecution(), firstMs + (made + place) * intervalMs),
      )
      const copies = starts.flatMap(({ execution }) => rows.map((row) => ({ ...row, execution })))
      await journal.append({ documents: [], starts, rows: copies, statuses: [] })
    }
    database.checkpoint()
  } finally {
    await journal.close()
    database.close()
  }
}

function repeated(pattern: ExecutionRow, execution: number, startedAtMs: number): ExecutionRow {
  const { workflow, startedAtMs: patternMs, endedAtMs } = pattern
  return {
    ...pattern,
    execution,
    executionId: newExecutionId(workflow, startedAtMs, systemRandom),
    startedAtMs,
    endedAtMs: startedAtMs + ((endedAtMs ?? patternMs) - patternMs),
  }
}
