import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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
  /** Executions whose state is where others read it, as they wrote it. */
  readonly shown: number
  readonly killed: readonly string[]
}

/** Servers and processes of one load. */
export interface Stage {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly redis: RedisServer
  readonly broker: OwnBroker
  /** Every process that was started, the agent hosts first. */
  readonly spoken: Spoken[]
  readonly report: (line: string) => void
}

/** How long a process may take until it serves, on a machine that is busy. */
export const startMsMax = 60_000
const here = import.meta.dirname
/** The program. */
export const aura = join(here, '../../bin/aura')

/**
 * Opens a Redis and a Kafka of its own for a load, and removes them and all processes after it.
 *
 * @throws Error with the last lines of all processes when the load does not end in time
 */
export async function onStage(
  limitMs: number,
  report: (line: string) => void,
  drive: (stage: Stage) => Promise<LoadOutcome>,
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
  try {
    const outcome = await Promise.race([drive(stage), silence(limitMs)])
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

/** Kills one part after the other, each once the part before it is back: at shares of all executions that have ended. */
export class Kills {
  readonly killed: string[] = []
  /** Rejects when a part does not come back. */
  readonly broken: Promise<never>
  /** Resolves when all parts that were killed so far are back. */
  done: Promise<void> = Promise.resolve()
  readonly #parts: readonly (readonly [string, () => Promise<void>])[]
  readonly #every: number
  readonly #report: (line: string) => void
  readonly #break: (thrown: unknown) => void

  constructor(
    parts: readonly (readonly [string, () => Promise<void>])[],
    of: { readonly every: number; readonly report: (line: string) => void },
  ) {
    const { promise, reject } = Promise.withResolvers<never>()
    this.broken = promise
    this.broken.catch(() => {}) // whoever waits for the load hears of it
    this.#break = reject
    this.#parts = parts
    this.#every = of.every
    this.#report = of.report
  }

  /** So many have ended. @returns whether all parts were killed before that */
  ended(count: number): boolean {
    const next = this.#parts[this.killed.length]
    if (next === undefined) return true
    if (count < (this.killed.length + 1) * this.#every) return false
    const [name, doing] = next
    this.killed.push(name)
    this.done = this.done.then(async () => {
      this.#report(`${name} killed, ${count} executions have ended`)
      await doing()
      this.#report(`${name} is back`)
    })
    this.done.catch(this.#break)
    return false
  }
}

/** @throws Error when it ends, or is silent for long, before it serves */
export async function startHost({ env, spoken }: Stage): Promise<void> {
  const host = new Spoken(aura, ['agent-host', '--agents', join(here, 'shop.ts')], env)
  spoken.push(host)
  const said = await Promise.race([host.lines[Symbol.asyncIterator]().next(), silence(startMsMax)])
  if (said?.value === undefined) throw new Error(`an agent host does not serve\n${host.tail}`)
}

export function silence(ms: number): Promise<null> {
  return pause(ms, null, { ref: false })
}

export async function replaceHost(stage: Stage): Promise<void> {
  await stage.spoken.shift()?.kill()
  await startHost(stage)
}

export async function restarted<How extends string>(
  server: { kill(): Promise<void> } & Readonly<Record<How, () => Promise<void>>>,
  how: How,
): Promise<void> {
  await server.kill()
  await server[how]()
}

/** What was noted outside, which nobody told the engine. */
export function chargesOf({ env }: Stage): Pick<LoadOutcome, 'charged' | 'chargedTwice'> {
  const counts = new Map<string, number>()
  for (const { what, more } of readOutsideLog(env['OUTSIDE_LOG'] ?? ''))
    if (what === 'charge') counts.set(more, (counts.get(more) ?? 0) + 1)
  const chargedTwice = [...counts.values()].filter((count) => count > 1).length
  return { charged: counts.size, chargedTwice }
}
