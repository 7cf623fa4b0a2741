import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import { Database, SqliteQueueStore } from '../src/storage/index.ts'
import { alternate } from './alternate.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { floor } from './floor.ts'
import { median } from './median.ts'

const budgetMs = 8_000
const clients = 64
const messages = 64 * 150
/** Rows of an execution of the journal loop, and its steps. */
const rowsPerStep = 6 / 5

/**
 * W11: a durable queue with 64 clients, each of which sends the next event when its last one was handled. That
 * is one commit a message, as a row of the journal loop is: the event, its delivery and the end of the one
 * before it share it.
 */
export async function measureQueue(directory: string): Promise<readonly BenchRow[]> {
  const rounds = await alternate(
    () => floor({ mode: 'closedLoop', concurrency: clients, executions: 2_000, directory }),
    () => messagesPerSecond(directory),
    { budgetMs },
  )
  const bare = median(rounds.map(([{ stepsPerSecond }]) => stepsPerSecond * rowsPerStep))
  return [
    benchRow({
      workload: 'W11',
      metric: 'messagesPerSecond',
      value: median(rounds.map(([, ours]) => ours)),
      unit: 'messages/s',
      floor: bare,
    }),
  ]
}

async function messagesPerSecond(directory: string): Promise<number> {
  const home = mkdtempSync(join(directory, 'queue-'))
  const database = Database.open({ path: join(home, 'aura.db') })
  const mesh = new InProcessMesh({ clock: systemClock, store: new SqliteQueueStore(database) })
  try {
    const queue = await mesh.queue('work')
    const handled = new Map<string, () => void>()
    await queue.work(async ({ id }) => handled.get(id)?.(), { maxConcurrent: clients })
    const client = async (number: number): Promise<void> => {
      for (let i = 0; i < messages / clients; i++) {
        const id = `${number}-${i}`
        const done = new Promise<void>((resolve) => handled.set(id, resolve))
        const attributes = { source: 'bench', type: 'job', time: null, subject: null }
        await queue.send({ id, ...attributes, data: { text: 'x'.repeat(100) } })
        await done
        handled.delete(id)
      }
    }
    const startedMs = systemClock.monotonicMs()
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
    return (messages * 1_000) / (systemClock.monotonicMs() - startedMs)
  } finally {
    await mesh.close()
    database.close()
    rmSync(home, { recursive: true, force: true })
  }
}
