import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/integrations/temporal/connect.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { shardOf, shardQueue } from '../../src/placement/index.ts'
import { freePort } from '../support/free-port.ts'
import { kill, serverProgram, startServer } from '../temporal/processes.ts'
import { order } from './order.ts'
import { Spoken } from './spoken.ts'
import {
  aura,
  chargesOf,
  Kills,
  type LoadOutcome,
  onStage,
  replaceHost,
  restarted,
  silence,
  type Stage,
  startHost,
  startMsMax,
} from './stage.ts'

const here = import.meta.dirname
const token = 'a-token-of-the-load'
const taskQueue = 'load'
const shards = 6
/** Executions that are open at the same time, so that many are under way at each kill. */
const openMax = 100
/** Long enough for whoever starts an execution to find another instance. */
const triesMax = 300
const tryEveryMs = 200

/** An `aura serve --engine temporal`. */
interface Instance {
  readonly spoken: Spoken
  readonly url: string
}

/** A Temporal of its own on its data. */
interface TemporalServer {
  readonly address: string
  kill(): Promise<void>
  start(): Promise<void>
}

/**
 * As `loadServers`, on Temporal: three `aura serve` share the work of a Temporal of their own, and call agents in two
 * other processes over Kafka. Kills Redis, the broker, an agent host, Temporal and an instance with -9, one after
 * the other.
 */
export function loadTemporal(
  executions: number,
  report: (line: string) => void = () => {},
): Promise<LoadOutcome> {
  return onStage(240_000 + 1_500 * executions, report, async (stage) => {
    const temporal = await openTemporal(stage)
    const engine = await openTemporalEngine({
      address: temporal.address,
      taskQueues: {
        all: Array.from({ length: shards }, (_, shard) => shardQueue(taskQueue, shard)),
        of: (id) => shardQueue(taskQueue, shardOf(id, shards)),
      },
    })
    try {
      return await drive(stage, { executions, temporal, engine })
    } finally {
      await engine.close()
      await temporal.kill()
    }
  })
}

interface Driven {
  readonly executions: number
  readonly temporal: TemporalServer
  readonly engine: TemporalEngine
}

async function drive(stage: Stage, { executions, temporal, engine }: Driven): Promise<LoadOutcome> {
  const startedMs = performance.now()
  writeFileSync(join(stage.folder, 'order.yaml'), JSON.stringify(order))
  await Promise.all([startHost(stage), startHost(stage)])
  const open = (): Promise<Instance> => openInstance(stage, temporal)
  const instances = await Promise.all([open(), open(), open()])
  stage.report('two agent hosts and three instances serve')
  const kills = new Kills(
    [
      ['redis', () => restarted(stage.redis, 'start')],
      ['broker', () => restarted(stage.broker, 'restart')],
      ['agent host', () => replaceHost(stage)],
      ['temporal', () => restarted(temporal, 'start')],
      [
        'instance',
        async () => {
          await instances.shift()?.spoken.kill()
          instances.push(await open())
        },
      ],
    ],
    { every: executions / 7, report: stage.report },
  )
  const statuses: Record<string, number> = {}
  let [next, ended] = [0, 0]
  const lane = async (): Promise<void> => {
    for (let n = next++; n < executions; n = next++) {
      const id = `order-${n}`
      await startAt(() => instances, { id, n })
      const { status } = await engine.continueWorkflow(id)
      statuses[status] = (statuses[status] ?? 0) + 1
      kills.ended(++ended)
      if (ended % 50 === 0) stage.report(`${ended} executions have ended`)
    }
  }
  const lanes = Promise.all(Array.from({ length: openMax }, lane))
  await Promise.race([lanes, kills.broken])
  await kills.done
  const elapsedMs = performance.now() - startedMs
  const letters = (await engine.deadLetters({ limit: executions })).map(
    ({ executionId, error }) => ({ executionId, error: error.message }),
  )
  const shown = await shownOf(engine, executions)
  const { killed } = kills
  return { executions, elapsedMs, killed, statuses, letters, ...chargesOf(stage), shown }
}

/** Starts an execution at whichever instance takes it. @throws Error when none does for a minute */
async function startAt(
  instances: () => readonly Instance[],
  { id, n }: { readonly id: string; readonly n: number },
): Promise<void> {
  for (let tries = 0; tries < triesMax; tries++) {
    const all = instances()
    const url = all[(n + tries) % all.length]?.url
    const answer = await fetch(`${url}/v1/executions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ workflow: order.name, executionId: id, input: { n } }),
      signal: AbortSignal.timeout(20_000),
    }).catch(() => null)
    if (answer !== null && answer.status < 300) return
    await pause(tryEveryMs)
  }
  throw new Error(`no instance takes '${id}'`)
}

async function openInstance(
  { folder, env, spoken }: Stage,
  { address }: TemporalServer,
): Promise<Instance> {
  const words = ['serve', '--engine', 'temporal', '--port', '0', '--json', '--agents']
  words.push(join(here, 'callers.ts'), '--workflows', join(folder, 'order.yaml'))
  words.push('--db', join(folder, `${spoken.length}.db`))
  const own = {
    TEMPORAL_ADDRESS: address,
    AURA_TASK_QUEUE: taskQueue,
    AURA_SHARDS: String(shards),
    AURA_LEASE: '3s',
    AURA_TOKEN: token,
  }
  const process = new Spoken(aura, words, { ...env, ...own })
  spoken.push(process)
  const said = await Promise.race([
    process.lines[Symbol.asyncIterator]().next(),
    silence(startMsMax),
  ])
  if (said?.value === undefined) throw new Error(`an instance does not serve\n${process.tail}`)
  const { url } = JSON.parse(said.value) as { readonly url: string }
  return { spoken: process, url }
}

async function openTemporal({ folder }: Stage): Promise<TemporalServer> {
  const program = serverProgram()
  if (program === null) throw new Error('no Temporal: npm run services:up temporal')
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const data = join(folder, 'temporal.db')
  const start = async (): ReturnType<typeof started> => started(program, { port, data, address })
  let server = await start()
  return {
    address,
    kill: () => kill(server),
    async start() {
      server = await start()
    },
  }
}

/** Starts the server; resolves when it answers. */
async function started(
  program: string,
  {
    port,
    data,
    address,
  }: { readonly port: number; readonly data: string; readonly address: string },
) {
  const server = startServer(program, port, data)
  const untilMs = performance.now() + startMsMax
  for (;;) {
    try {
      const { connection } = await connect({ address })
      await connection.close()
      return server
    } catch (thrown) {
      if (performance.now() > untilMs) throw thrown
      await pause(tryEveryMs)
    }
  }
}

/** How many executions have their state as they wrote it. */
async function shownOf(engine: TemporalEngine, executions: number): Promise<number> {
  let shown = 0
  for (let n = 0; n < executions; n++)
    if ((await engine.getState(`order-${n}`, 'booked')) === n) shown++
  return shown
}
