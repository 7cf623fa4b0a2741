import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openRedis, RedisStateStore } from '../../src/integrations/redis/index.ts'
import { OwnBroker } from '../support/own-broker.ts'
import { readOutsideLog } from '../support/outside-log.ts'
import { RedisServer } from '../support/redis-server.ts'

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
  readonly hosts: ChildProcess[]
  readonly report: (line: string) => void
}

const here = import.meta.dirname
const aura = join(here, '../../bin/aura')

/**
 * Runs executions over servers of its own: an owner with its file, agents in two other processes over Kafka,
 * state in Redis and in a topic. Kills each of them with -9 once, on the way, and counts what became of them.
 */
export async function loadServers(
  executions: number,
  report: (line: string) => void = () => {},
): Promise<LoadOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'aura-load-'))
  const [redis, broker] = await Promise.all([RedisServer.start(), OwnBroker.start()])
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    KAFKA_BROKERS: broker.address,
    OUTSIDE_LOG: join(folder, 'outside'),
    AURA_LOG_LEVEL: 'silent',
  }
  const stage: Stage = { folder, env, redis, broker, hosts: [], report }
  try {
    await Promise.all([startHost(stage), startHost(stage)])
    return await drive(stage, executions)
  } finally {
    for (const host of stage.hosts) host.kill('SIGKILL')
    await Promise.all([redis.remove(), broker.close()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function drive(stage: Stage, executions: number): Promise<LoadOutcome> {
  const startedMs = performance.now()
  const killed: string[] = []
  const kills: readonly (readonly [string, () => Promise<void>])[] = [
    ['redis', () => restarted(stage.redis, 'start')],
    ['broker', () => restarted(stage.broker, 'restart')],
    ['agent host', () => replaceHost(stage)],
  ]
  /** Kills a part at each of the next fifths of the way. */
  let next = 0
  const hurting: Promise<void>[] = []
  let isOwnerKilled = false
  const onEnded = (ended: number): void => {
    const kill = kills[next]
    if (kill === undefined || ended < ((next + 1) * executions) / 6) return
    next++
    killed.push(kill[0])
    stage.report(`${kill[0]} killed after ${ended} executions`)
    hurting.push(kill[1]())
  }
  await ownerLife(stage, executions, (ended, owner) => {
    onEnded(ended)
    if (isOwnerKilled || next < kills.length || ended < (4 * executions) / 6) return
    isOwnerKilled = true
    killed.push('owner')
    stage.report(`owner killed after ${ended} executions`)
    owner.kill('SIGKILL')
  })
  const said = await ownerLife(stage, executions, () => {})
  await Promise.all(hurting)
  if (said === null) throw new Error('the second owner ended before its executions')
  const elapsedMs = performance.now() - startedMs
  return { executions, elapsedMs, killed, ...said, ...(await accountsOf(stage, executions)) }
}

type Said = Pick<LoadOutcome, 'statuses' | 'letters'>

/** @returns what it said when all had ended; null when it was killed before */
async function ownerLife(
  { folder, env }: Stage,
  executions: number,
  onEnded: (ended: number, owner: ChildProcess) => void,
): Promise<Said | null> {
  const words = [join(here, 'owner-process.ts'), join(folder, 'aura.db'), String(executions)]
  const owner = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let said: Said | null = null
  for await (const line of createInterface({ input: owner.stdout })) {
    const space = line.indexOf(' ')
    const [word, rest] = [line.slice(0, space), line.slice(space + 1)]
    if (word === 'ended') onEnded(Number(rest), owner)
    else if (word === 'all') said = JSON.parse(rest) as Said
  }
  return said
}

async function startHost({ env, hosts }: Stage): Promise<void> {
  const words = ['agent-host', '--agents', join(here, 'shop.ts')]
  const host = spawn(aura, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  hosts.push(host)
  await once(host.stdout, 'data')
}

async function replaceHost(stage: Stage): Promise<void> {
  stage.hosts.shift()?.kill('SIGKILL')
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
