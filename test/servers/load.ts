import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openRedis, RedisStateStore } from '../../src/integrations/redis/index.ts'
import { OwnBroker } from '../support/own-broker.ts'
import { readOutsideLog } from '../support/outside-log.ts'
import { RedisServer } from '../support/redis-server.ts'
import { Spoken } from './spoken.ts'

/** What became of the executions of a load. */
export interface LoadOutcome {
  readonly executions: number
  readonly elapsedMs: number
  /** How many ended in which way. */
  readonly statuses: Readonly<Record<string, number>>
  readonly letters: readonly { readonly executionId: string; readonly error: string }[]
  /** How many executions were charged outside, and how many of them twice. */
  readonly charged: number
  readonly chargedTwice: number
  /** Executions whose state is in Redis as they wrote it. */
  readonly shown: number
  readonly killed: readonly string[]
}

interface Stage {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly redis: RedisServer
  readonly broker: OwnBroker
  /** Every process that was started, the agent hosts first. */
  readonly spoken: Spoken[]
  readonly report: (line: string) => void
}

/** How long a host may take until it serves, on a machine that is busy. */
const hostStartMsMax = 60_000
const here = import.meta.dirname
const aura = join(here, '../../bin/aura')

/**
 * Runs executions over servers of its own: an owner with its file, agents in two other processes over Kafka,
 * state in Redis and in a topic. Kills each of them with -9 once, on the way, and counts what became of them.
 *
 * @param report is told how far it is, a line each
 * @throws Error with the last lines of a process that ended before its time, or of all when the load does not
 *   end within two minutes and 0.4 s an execution
 */
export async function loadServers(
  executions: number,
  report: (line: string) => void = () => {},
): Promise<LoadOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'aura-load-'))
  const [redis, broker] = await startAll(RedisServer.start(), OwnBroker.start())
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    KAFKA_BROKERS: broker.address,
    OUTSIDE_LOG: join(folder, 'outside'),
    AURA_LOG_LEVEL: 'warn',
  }
  const stage: Stage = { folder, env, redis, broker, spoken: [], report }
  const limitMs = 120_000 + 400 * executions
  try {
    const outcome = await Promise.race([drive(stage, executions), silence(limitMs)])
    if (outcome !== null) return outcome
    const tails = stage.spoken.map(({ tail }) => tail).join('\n')
    throw new Error(`the load has not ended within ${limitMs} ms\n${tails}`)
  } finally {
    await Promise.all(stage.spoken.map((one) => one.kill()))
    await Promise.all([redis.remove(), broker.close()])
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Both, or neither: what has started is removed where the other one cannot. */
async function startAll(
  redis: Promise<RedisServer>,
  broker: Promise<OwnBroker>,
): Promise<[RedisServer, OwnBroker]> {
  const [first, second] = await Promise.allSettled([redis, broker])
  if (first.status === 'fulfilled' && second.status === 'fulfilled')
    return [first.value, second.value]
  if (first.status === 'fulfilled') await first.value.remove()
  if (second.status === 'fulfilled') await second.value.close()
  throw new Error('the servers of the load do not start', {
    cause: first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason,
  })
}

async function drive(stage: Stage, executions: number): Promise<LoadOutcome> {
  const startedMs = performance.now()
  await Promise.all([startHost(stage), startHost(stage)])
  stage.report('two agent hosts serve')
  const killed: string[] = []
  const kills: readonly (readonly [string, () => Promise<void>])[] = [
    ['redis', () => restarted(stage.redis, 'start')],
    ['broker', () => restarted(stage.broker, 'restart')],
    ['agent host', () => replaceHost(stage)],
  ]
  /** The kills one after the other, each once the part before it is back. */
  let hurting = Promise.resolve()
  const broken = Promise.withResolvers<never>()
  const kill = ([name, doing]: (typeof kills)[number], ended: number): void => {
    killed.push(name)
    hurting = hurting.then(async () => {
      stage.report(`${name} killed, ${ended} executions have ended`)
      await doing()
      stage.report(`${name} is back`)
    })
    hurting.catch(broken.reject)
  }
  const first = ownerLife(stage, executions, (ended, owner) => {
    const next = kills[killed.length]
    if (ended < ((killed.length + 1) * executions) / 6) return
    if (next !== undefined) return kill(next, ended)
    if (killed.length > kills.length) return
    killed.push('owner')
    stage.report(`owner killed, ${ended} executions have ended`)
    void owner.kill()
  })
  await Promise.race([first, broken.promise])
  await hurting
  const { said, owner } = await ownerLife(stage, executions, (ended) => {
    if (ended % 100 === 0) stage.report(`${ended} executions have ended`)
  })
  if (said === null) throw new Error(`the second owner ended before its executions\n${owner.tail}`)
  const elapsedMs = performance.now() - startedMs
  return { executions, elapsedMs, killed, ...said, ...(await accountsOf(stage, executions)) }
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

/** @throws Error when it ends, or is silent for long, before it serves */
async function startHost({ env, spoken }: Stage): Promise<void> {
  const host = new Spoken(aura, ['agent-host', '--agents', join(here, 'shop.ts')], env)
  spoken.push(host)
  const said = await Promise.race([
    host.lines[Symbol.asyncIterator]().next(),
    silence(hostStartMsMax),
  ])
  if (said?.value === undefined) throw new Error(`an agent host does not serve\n${host.tail}`)
}

function silence(ms: number): Promise<null> {
  return pause(ms, null, { ref: false })
}

async function replaceHost(stage: Stage): Promise<void> {
  await stage.spoken.shift()?.kill()
  await startHost(stage)
}

async function restarted<How extends string>(
  server: { kill(): Promise<void> } & Readonly<Record<How, () => Promise<void>>>,
  how: How,
): Promise<void> {
  await server.kill()
  await server[how]()
}

/** What the outside and Redis say, which nobody told the engine. */
async function accountsOf(
  { env, redis }: Stage,
  executions: number,
): Promise<Pick<LoadOutcome, 'charged' | 'chargedTwice' | 'shown'>> {
  const counts = new Map<string, number>()
  for (const { what, more } of readOutsideLog(env['OUTSIDE_LOG'] ?? ''))
    if (what === 'charge') counts.set(more, (counts.get(more) ?? 0) + 1)
  const { connection, close } = await openRedis({ url: redis.url })
  const store = new RedisStateStore({ connection, cachedEntriesMax: 0 })
  let shown = 0
  for (let n = 0; n < executions; n++)
    if ((await store.get(`order-${n}`, 'booked'))?.value === n) shown++
  await close()
  const chargedTwice = [...counts.values()].filter((count) => count > 1).length
  return { charged: counts.size, chargedTwice, shown }
}
