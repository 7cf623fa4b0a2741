import { join } from 'node:path'
import { openRedis, RedisStateStore } from '../../src/integrations/redis/index.ts'
import { Spoken } from './spoken.ts'
import {
  chargesOf,
  Kills,
  type LoadOutcome,
  onStage,
  replaceHost,
  restarted,
  type Stage,
  startHost,
} from './stage.ts'

const here = import.meta.dirname

/**
 * Runs executions over servers of its own: an owner with its file, agents in two other processes over Kafka,
 * state in Redis and in a topic. Kills each of them with -9 once, on the way, and counts what became of them.
 *
 * @param report is told how far it is, a line each
 * @throws Error with the last lines of a process that ended before its time, or of all when the load does not
 *   end within two minutes and 0.4 s an execution
 */
export function loadServers(
  executions: number,
  report: (line: string) => void = () => {},
): Promise<LoadOutcome> {
  return onStage(120_000 + 400 * executions, report, (stage) => drive(stage, executions))
}

async function drive(stage: Stage, executions: number): Promise<LoadOutcome> {
  const startedMs = performance.now()
  await Promise.all([startHost(stage), startHost(stage)])
  stage.report('two agent hosts serve')
  const every = executions / 6
  const kills = new Kills(
    [
      ['redis', () => restarted(stage.redis, 'start')],
      ['broker', () => restarted(stage.broker, 'restart')],
      ['agent host', () => replaceHost(stage)],
    ],
    { every, report: stage.report },
  )
  let isKilled = false
  const first = ownerLife(stage, executions, (ended, owner) => {
    if (!kills.ended(ended) || isKilled || ended < 4 * every) return
    isKilled = true
    stage.report(`owner killed, ${ended} executions have ended`)
    void owner.kill()
  })
  await Promise.race([first, kills.broken])
  await kills.done
  const { said, owner } = await ownerLife(stage, executions, (ended) => {
    if (ended % 100 === 0) stage.report(`${ended} executions have ended`)
  })
  if (said === null) throw new Error(`the second owner ended before its executions\n${owner.tail}`)
  const elapsedMs = performance.now() - startedMs
  const killed = [...kills.killed, ...(isKilled ? ['owner'] : [])]
  const shown = await shownOf(stage, executions)
  return { executions, elapsedMs, killed, ...said, ...chargesOf(stage), shown }
}

type Said = Pick<LoadOutcome, 'statuses' | 'letters'>

/** @returns `said`: what it said when all had ended; null when it was killed before */
async function ownerLife(
  { folder, env, spoken }: Stage,
  executions: number,
  onEnded: (ended: number, owner: Spoken) => void,
): Promise<{ readonly said: Said | null; readonly owner: Spoken }> {
  const words = [join(here, 'owner-process.ts'), join(folder, 'aura.db'), String(executions)]
  const owner = new Spoken(process.execPath, words, env)
  spoken.push(owner)
  let said: Said | null = null
  try {
    for await (const line of owner.lines) {
      const space = line.indexOf(' ')
      const [word, rest] = [line.slice(0, space), line.slice(space + 1)]
      if (word === 'ended') onEnded(Number(rest), owner)
      else if (word === 'all') said = JSON.parse(rest) as Said
    }
  } finally {
    await owner.kill()
  }
  return { said, owner }
}

/** How many executions have their state in Redis. */
async function shownOf({ redis }: Stage, executions: number): Promise<number> {
  const { connection, close } = await openRedis({ url: redis.url })
  const store = new RedisStateStore({ connection, cachedEntriesMax: 0 })
  let shown = 0
  for (let n = 0; n < executions; n++)
    if ((await store.get(`order-${n}`, 'booked'))?.value === n) shown++
  await close()
  return shown
}
