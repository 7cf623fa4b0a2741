import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/core/clock.ts'
import { InProcessMesh } from '../../src/mesh/index.ts'
import { Database, SqliteQueueStore } from '../../src/storage/index.ts'

/**
 * A process that the test kills: sends `count` events from `first` on and says `sent <id>` once each is
 * durable; works on everything in the queue and says `begun <id> <attempt>` and `handled <id>`; says
 * `dead <id> <deliveries>` for what it gives up, at the end for all of it, and `idle` when nothing is left. The
 * handling of ids that end with `17` ends the process.
 */
const [db, first, count] = process.argv.slice(2) as [string, string, string]

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

const database = Database.open({ path: db, durability: 'normal' })
const mesh = new InProcessMesh({ clock: systemClock, store: new SqliteQueueStore(database) })
const queue = await mesh.queue('work', { deliveriesMax: 3 })
mesh.onDeadLetter(({ event, deliveries }) => say(`dead ${event?.id} ${deliveries}`))
await queue.work(
  async ({ id }, { attempt }) => {
    say(`begun ${id} ${attempt}`)
    if (id.endsWith('17')) process.kill(process.pid, 'SIGKILL')
    await sleep(2)
    say(`handled ${id}`)
  },
  { maxConcurrent: 4 },
)
for (let i = Number(first); i < Number(first) + Number(count); i++) {
  const key = i % 3 === 0 ? {} : { partitionkey: `k${i % 5}` }
  const event = { id: String(i), source: 'test', type: 'job', time: null, subject: null, data: i }
  await queue.send({ ...event, ...key })
  say(`sent ${i}`)
}
await mesh.drain()
// One that was recorded a moment before a life ended is told nobody, but it is kept.
for (const { event, deliveries } of await queue.deadLetters())
  say(`dead ${event?.id} ${deliveries}`)
await mesh.close()
database.close()
say('idle')
